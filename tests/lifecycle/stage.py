"""An upstream whose every word a test chooses, and which counts what it was made to do."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.lifecycle.talker import Asked, says, takes

MOODS = (
    "takes",
    "queues",
    "busy",
    "refuses",
    "bans",
    "breaks",
    "drops",
    "loses",
    "asks",
    "asks later",
)
"""What it may do with a submit; the first is what it mostly does."""


@dataclass
class Job:
    """One job, as it shows it."""

    id: str
    nonce: str
    notify: str
    status: str = "SUBMITTED"
    progress: int = 0
    reason: str = ""
    shown: bool = True

    @property
    def view(self) -> dict[str, Any]:
        done = self.status == "SUCCESS"
        return {
            "id": self.id,
            "state": self.nonce,
            "action": "IMAGINE",
            "status": self.status,
            "progress": f"{self.progress}%",
            "imageUrl": "http://pictures.test/1.png" if done else None,
            "failReason": self.reason or None,
            "buttons": [],
        }


@dataclass
class Stage:
    """Its jobs in the order they were made, and its mood."""

    mood: str = "takes"
    away: bool = False
    jobs: dict[str, Job] = field(default_factory=dict[str, Job])
    made: Counter[str] = field(default_factory=Counter[str])
    confirmed: Counter[str] = field(default_factory=Counter[str])
    number: int = 0

    def answer(self, asked: Asked) -> bytes | None:
        """What it says; None to hang up."""
        if asked.path.endswith("/submit/modal"):
            return self._confirm(asked.body["taskId"])
        if asked.submit:
            return self._submit(asked.body)
        if self.away:
            return says({"error": "away"}, "503 Service Unavailable")
        if asked.path.endswith("/cancel"):
            return self._cancel(self.jobs.get(asked.path.split("/")[-2]))
        return says(self._asked_for(asked))

    def _asked_for(self, asked: Asked) -> object:
        """Of a batch, of all that it made lately, or of one."""
        if asked.path.endswith("/list-by-condition"):
            wanted = [self.jobs.get(each) for each in asked.body["ids"]]
            return [job.view for job in wanted if job is not None and job.shown]
        if asked.path.endswith("/task/list"):
            return [job.view for job in self.jobs.values() if job.shown]
        job = self.jobs.get(asked.path.split("/")[-2])
        return job.view if job is not None else {"code": 3, "description": "no such task"}

    def _cancel(self, job: Job | None) -> bytes:
        if job is not None and job.status not in {"SUCCESS", "FAILURE"}:
            job.status, job.reason = "FAILURE", "cancelled"
        return takes(None)

    def _submit(self, body: dict[str, Any]) -> bytes | None:
        mood, self.mood = self.mood, "takes"
        refused = {"busy": 23, "refuses": 3, "bans": 24}.get(mood)
        if refused is not None:
            return says({"code": refused, "description": "no", "properties": {}})
        if mood == "breaks":
            return says({"error": "broken"}, "500 Internal Server Error")
        if mood == "loses":
            return None
        job = self._make(body)
        if mood == "drops":
            return None
        if mood.startswith("asks"):
            job.status = "MODAL"
        if mood == "asks":
            told = {"finalPrompt": "a fox", "remix": True}
            return says({"code": 21, "description": "?", "result": job.id, "properties": told})
        code = 22 if mood == "queues" else 1
        return says({"code": code, "description": "ok", "result": job.id})

    def _make(self, body: dict[str, Any]) -> Job:
        self.number += 1
        job = Job(f"job-{self.number}", body.get("state", ""), body.get("notifyHook", ""))
        self.jobs[job.id] = job
        self.made[job.nonce] += 1
        return job

    def _confirm(self, job_id: str) -> bytes:
        self.confirmed[job_id] += 1
        self.jobs[job_id].status = "SUBMITTED"
        return takes(job_id)
