"""Taking submits: what a body asks for, which jobs that makes, and what is answered."""

from dataclasses import dataclass
from typing import Final

from mjgate.domain import buttons
from mjgate.domain.action import Action, Mode, Rule
from mjgate.domain.buttons import Window
from mjgate.domain.errors import BadField, ParentNotFinished, QueueFull
from mjgate.domain.order import Body, Order, read_order
from mjgate.domain.prompt import mode_flag, wants_video
from mjgate.domain.task import Status
from mjgate.sandbox import asked, views
from mjgate.sandbox.answers import Answer
from mjgate.sandbox.faults import Faults
from mjgate.sandbox.jobs import Job, new_uuid, seed_from
from mjgate.sandbox.prepare import Preparation
from mjgate.sandbox.studio import Studio

CHANNEL: Final = "1118138338562560102"
"""The account that the sandbox pretends to be; any number of that length will do."""

GONE: Final = Answer(code=3, description="the related task does not exist or has expired")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One submit: its checked body, and what else bears on the job."""

    order: Order
    spoil: Faults
    prefix: Mode | None  # the mode that the path asks for
    base_url: str


class Desk:
    """Where submits are read and turned into jobs."""

    def __init__(self, studio: Studio, preparation: Preparation) -> None:
        self.studio = studio
        self.preparation = preparation

    def spoil(self, body: Body) -> Faults:
        """The faults of this submit. BadField for a marker that names none."""
        prompt = body.get("prompt")
        if not isinstance(prompt, str) or not prompt:
            parent = self.studio.find(asked.parent_in(body))
            prompt = parent.prompt if parent else ""
        try:
            return self.studio.faults_for(prompt)
        except ValueError as problem:
            raise BadField(str(problem), field="prompt") from problem

    def take(
        self, rule: Rule, body: Body, spoil: Faults, *, prefix: Mode | None, base_url: str
    ) -> Answer:
        """Make the job or jobs that `body` asks for. Raises Refused."""
        refused = asked.refusal(body, spoil)
        if refused is not None:
            return refused
        ask = Ask(order=read_order(rule, body), spoil=spoil, prefix=prefix, base_url=base_url)
        if "duplicate-id" in spoil and (latest := self.studio.latest(1)):
            return _accepted(latest[0], 0)
        if rule.path == "submit/modal":
            return self._confirm(ask)
        if self.studio.full and rule.action is not Action.UPLOAD:
            raise QueueFull
        return self._press(ask) if rule.action is None else self._start(ask, rule.action)

    def _start(self, ask: Ask, action: Action) -> Answer:
        """New work; a video may go on from an earlier one."""
        parent = self.studio.find(ask.order.parent) if ask.order.parent else None
        if ask.order.parent and parent is None:
            return GONE
        if parent is not None and parent.status is not Status.SUCCESS:
            raise ParentNotFinished
        if action is Action.IMAGINE and wants_video(ask.order.prompt):
            action = Action.VIDEO
        job = self._new(ask, action, parent)
        job.index = int(ask.order.fields.get("index", 0)) + 1 if parent else 0
        self.preparation.keep(job, ask.order)
        if action is Action.UPLOAD:
            return self._upload(job)
        return self._begin(job)

    def _press(self, ask: Ask) -> Answer:
        """A follow-up: a button, or the number of one."""
        name, word, number = asked.follow_up(ask.order)
        parent = self.studio.find(name)
        if parent is None:
            return GONE
        if parent.status is not Status.SUCCESS:
            raise ParentNotFinished
        custom_id = buttons.pressed(word, number, parent.uuid) if word else ask.order.custom_id
        known = buttons.meaning(custom_id)
        job = self._new(ask, known.action, parent)
        job.custom_id = custom_id
        job.index = asked.number_in(custom_id)
        job.prompt = asked.inherited(job, parent)
        job.images = parent.images if job.action is Action.DESCRIBE else ()
        if custom_id.lower().endswith("::all"):
            return self._all(ask, job, parent)
        remix = known.window is Window.REMIX and ask.order.fields.get("enableRemix") is True
        if known.window is Window.ALWAYS or remix:
            return self._window(job)
        return self._begin(job)

    def _new(self, ask: Ask, action: Action, parent: Job | None) -> Job:
        order = ask.order
        wanted = (ask.prefix, *order.modes, mode_flag(order.prompt), parent and parent.mode)
        job_id = self.studio.new_id()
        job = Job(
            id=job_id,
            uuid=new_uuid(job_id),
            action=action,
            mode=next((mode for mode in wanted if mode), Mode.FAST),
            bot=order.bot,
            prompt=order.prompt,
            asked=order.prompt,
            state=order.caller_state,
            hook_url=order.hook_url,
            base_url=ask.base_url,
            suffix="png" if self.studio.settings.pictures == "plain" else "jpg",
            parent=parent,
            faults=ask.spoil,
            options=dict(order.fields),
            submit_at=self.studio.clock.now(),
        )
        job.seed = self._seed(job)
        return job

    def _seed(self, job: Job) -> int:
        """The prompt's own, else one drawn; repeatable where the sandbox was given a seed."""
        own = asked.seed_in(job.prompt)
        if own is not None:
            return own
        if self.studio.settings.seed is None:
            return seed_from((job.id,))
        again = self.studio.counts.per_prompt.get(job.asked, 0)
        parent = job.parent.seed if job.parent else 0
        return seed_from((self.studio.settings.seed, parent, job.custom_id, job.asked, again))

    def _begin(self, job: Job) -> Answer:
        earlier = self.studio.by_key.get(job.key) if "existed" in job.faults else None
        if earlier is not None and earlier is not job:
            return self._existed(earlier)
        if job.parent is not None and job.custom_id:
            job.parent.pressed.add(job.custom_id)
        self.studio.remember(job)
        self.preparation.start(job)
        return _accepted(job, self.studio.take_on(job))

    def _all(self, ask: Ask, first: Job, parent: Job) -> Answer:
        """A button that makes a job of each text of its parent."""
        ids: list[str] = []
        for number, text in enumerate(parent.texts, 1):
            job = first if number == 1 else self._new(ask, first.action, parent)
            job.custom_id, job.prompt, job.index = first.custom_id, text, number
            self._begin(job)
            ids.append(job.id)
        return Answer(
            result=",".join(ids), properties={"discordInstanceId": CHANNEL}, uuid=first.uuid
        )

    def _window(self, job: Job) -> Answer:
        job.status = Status.MODAL
        job.window = True
        self.studio.remember(job)
        self.studio.changed(job)
        if "hide-21" in job.faults:
            return _accepted(job, 0)
        return Answer(
            code=21,
            description="Waiting for window confirm",
            result=job.id,
            properties={"finalPrompt": job.prompt, "remix": True},
            uuid=job.uuid,
        )

    def _confirm(self, ask: Ask) -> Answer:
        """The answer to a window: its job begins, once."""
        job = self.studio.find(ask.order.parent)
        if job is None:
            return GONE
        if not job.window:
            raise BadField("taskId names a task that never had a window.", field="taskId")
        if job.status is not Status.MODAL:
            return _accepted(job, 0)
        if self.studio.full:
            raise QueueFull
        if ask.order.prompt:
            job.prompt = job.asked = ask.order.prompt
        job.state = ask.order.caller_state or job.state
        job.hook_url = ask.order.hook_url or job.hook_url
        job.faults = ask.spoil or job.faults
        job.seed = self._seed(job)
        self.preparation.keep(job, ask.order)
        return self._begin(job)

    def _upload(self, job: Job) -> Answer:
        """Pictures are kept at once; the answer is their addresses."""
        job.status = Status.SUCCESS
        job.start_at = job.finish_at = job.submit_at
        self.studio.remember(job)
        self.studio.counts.made(job)
        self.studio.changed(job)
        urls = [views.media(job, f"input-{n}") for n in range(1, len(job.images) + 1)]
        return Answer(result=urls, uuid=job.uuid)

    def _existed(self, job: Job) -> Answer:
        shown = views.task(job, self.studio.clock.now())
        return Answer(
            code=21,
            description="the task exists already",
            result=job.id,
            properties={"status": shown.status, "imageUrl": shown.image_url},
            uuid=job.uuid,
        )


def _accepted(job: Job, ahead: int) -> Answer:
    told: dict[str, object] = {"discordInstanceId": CHANNEL}
    if not ahead:
        return Answer(result=job.id, properties=told, uuid=job.uuid)
    return Answer(
        code=22,
        description=f"In queue, {ahead} tasks ahead",
        result=job.id,
        properties={"numberOfQueues": ahead, **told},
        uuid=job.uuid,
    )
