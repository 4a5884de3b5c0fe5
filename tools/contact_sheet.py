"""Draw the contact sheet of the README: what the sandbox makes of four dozen prompts."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from mjgate.sandbox.draw import scene, tile

PROMPTS = (
    ("a red cat watching the sunset over the mountains", 1),
    ("lighthouse in a storm at dusk", 1),
    ("oil painting of a sailboat at dawn", 1),
    ("snowy cabin in a pine forest under the aurora", 3),
    ("a person with a red umbrella, cyberpunk city in the rain", 0),
    ("Mount Fuji and cherry blossoms, watercolor", 1),
    ("ringed planet and a nebula", 1),
    ("hot air balloons over a canyon at sunrise", 2),
    ("castle in the mountains, fog", 1),
    ("sumi-e mountains, a boat in the fog", 3),
    ("vaporwave palm at sunset", 0),
    ("coral reef, whale, rays of light", 1),
    ("lavender field with a windmill, golden hour", 1),
    ("noir city in the rain, red car", 3),
    ("torii gate in a lake at blue hour", 1),
    ("pixel art castle at night, full moon", 2),
    ("dragon over a volcano at sunset", 1),
    ("deer in a misty forest at dawn", 1),
    ("stained glass, a lighthouse by the sea", 1),
    ("fireworks over the sea", 3),
    ("waterfall in the morning", 3),
    ("an astronaut on mars, a planet in the sky", 1),
    ("travel poster, desert dunes and a car", 0),
    ("a lonely tree, milky way", 1),
    ("still life with pears and a vase of flowers", 2),
    ("city by the river at sunset", 3),
    ("pencil drawing of a house by a tree", 1),
    ("a bridge over the sea at sunset", 0),
    ("robot in a neon city", 1),
    ("lake in the mountains, morning", 1),
    ("a fox in a snowy forest, low poly", 0),
    ("ukiyo-e, a boat on the sea, fuji", 1),
    ("jellyfish in the deep sea", 1),
    ("rainbow over green hills after the rain", 1),
    ("owl on a branch, full moon", 0),
    ("tropical island at noon", 1),
    ("pagoda under cherry blossoms, spring morning", 1),
    ("thunderstorm over a field", 1),
    ("train through autumn hills", 1),
    ("desert dunes at sunset, a wanderer", 0),
    ("flowers in a meadow, butterflies", 1),
    ("lanterns over a lake at night", 3),
    ("sunflowers, oil painting by an impressionist", 2),
    ("aurora over a lake in the mountains", 2),
    ("zxq vrrp", 1),
    ("lorem ipsum", 2),
    ("quux frobnicate", 3),
    ("blurb", 1),
)
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
SEED, COLUMNS, SIDE, LINE = 11, 6, 264, 20


def sheet() -> Image.Image:
    """All prompts with their words below."""
    rows = -(-len(PROMPTS) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * SIDE, rows * (SIDE + LINE)), "#15171c")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(12)
    for k, (prompt, take) in enumerate(PROMPTS):
        picture = tile(scene(prompt, seed=SEED), take, size=(512, 512))
        x, y = k % COLUMNS * SIDE, k // COLUMNS * (SIDE + LINE)
        small = picture.resize((SIDE - 6, SIDE - 6), Image.Resampling.LANCZOS)
        page.paste(small, (x + 3, y + 3))
        pen.text((x + 4, y + SIDE - 1), _fitting(pen, font, prompt), fill="#b9bec8", font=font)
    return page


def _fitting(pen: ImageDraw.ImageDraw, font: Font, text: str) -> str:
    while pen.textlength(text, font) > SIDE - 8:
        text = text.removesuffix("…")[:-1] + "…"
    return text


if __name__ == "__main__":
    target = Path(__file__).parents[1] / "docs" / "images" / "contact-sheet.webp"
    sheet().save(target, quality=84, method=6)
    print(f"wrote {target} ({target.stat().st_size // 1024} KiB)")
