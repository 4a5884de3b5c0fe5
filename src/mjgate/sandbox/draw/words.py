"""The vocabulary: which words, in English, Chinese and Japanese, mean what to the painter."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import pairwise

Table = Mapping[str, str]
"""A concept and the words for it: single words, `two_words`, and unspaced scripts."""

TIMES: Table = {
    "dawn": "dawn sunrise daybreak 日出 黎明 清晨 晨 夜明け 朝焼け",
    "sunset": "sunset sundown golden_hour 日落 夕阳 夕陽 黄昏 夕焼け 夕日",
    "dusk": "dusk twilight evening gloaming 暮 傍晚 夕暮れ",
    "blue hour": "blue_hour 蓝调 藍調 ブルーアワー",
    "night": "night midnight nocturne moonlit moonlight nighttime 夜 晚上 月光 真夜中",
    "noon": "noon day daylight midday sunny afternoon sunlit 中午 白天 晴天 昼 真昼",
    "morning": "morning 早晨 早上 朝",
}

WEATHER: Table = {
    "fog": "fog foggy mist misty haze hazy 雾 霧 もや",
    "rain": "rain rainy raining drizzle 雨",
    "snow": "snow snowy snowing winter snowfall blizzard frozen ice icy 雪 冬 冰 氷",
    "storm": "storm stormy thunder thunderstorm lightning tempest 暴风 风暴 雷 闪电 嵐 稲妻",
    "clear": "clear cloudless 晴朗 快晴",
    "clouds": "cloud cloudy clouds overcast cumulus 云 雲 曇",
    "aurora": "aurora northern_lights borealis 极光 極光 オーロラ",
    "stars": "star starry starlight stars milky_way milkyway galaxy_sky 星空 繁星 银河 銀河 星",
    "rainbow": "rainbow 彩虹 虹",
    "rays": "god_rays sunbeams light_rays rays sunshine crepuscular 光芒 木漏れ日",
    "petals": "petals petal 花瓣 花びら",
    "fireworks": "firework fireworks 烟花 煙火 花火",
}

PLACES: Table = {
    "mountains": (
        "mountain mountains peak peaks alps alpine summit himalaya valley fjord 山 山脉 山脈 高山"
    ),
    "volcano": "volcano fuji mt_fuji 火山 富士山 富士",
    "lake": "lake pond 湖 池",
    "sea": (
        "sea ocean waves seascape coast beach shore harbor harbour seaside 海 大海 海洋 "
        "海边 海滩 浜"
    ),
    "desert": "desert dune dunes sahara sand sands 沙漠 沙丘 砂漠 砂丘",
    "forest": "forest woods woodland jungle pines pine woodlands 森林 树林 林 森",
    "city": (
        "city skyline skyscraper skyscrapers cityscape town street tokyo shanghai "
        "new_york cyberpunk metropolis downtown 城市 都市 街 天际线 赛博朋克 東京 上海 町"
    ),
    "hills": (
        "hill hills meadow countryside pasture grassland prairie tuscany steppe farm 丘陵 "
        "草原 田园 丘 草地"
    ),
    "field": "field fields vineyard flower_field 田野 花海 花田 畑",
    "canyon": "canyon gorge mesa badlands arizona utah 峡谷 渓谷",
    "island": "island islands archipelago tropical lagoon isle 岛 島 岛屿",
    "river": "river stream brook 河 江 川 溪",
    "waterfall": "waterfall waterfalls cascade falls 瀑布 滝",
    "space": (
        "space galaxy nebula planet planets cosmos cosmic universe saturn jupiter "
        "stars_and_planets 太空 宇宙 星球 行星 星系 银河系 惑星"
    ),
    "mars": "mars martian alien lunar moonscape moon_surface 火星 月球",
    "underwater": (
        "underwater undersea deep_sea coral reef seabed ocean_floor 水下 海底 珊瑚 水中"
    ),
    "still life": "still_life tabletop 静物",
    "abstract": "abstract pattern geometric swirl swirls fractal waves_of_colour 抽象 幾何",
}

SUBJECTS: Table = {
    "house": "house cabin cottage hut home barn chalet 房子 小屋 房屋 家",
    "lighthouse": "lighthouse 灯塔 燈塔 灯台",
    "boat": "boat sailboat ship sail yacht sailing canoe fishing_boat 船 帆船 小船 舟 ヨット",
    "tree": "tree oak willow lone_tree bonsai 树 樹 木 大树",
    "cherry": "cherry_blossom cherry_blossoms sakura blossom blossoms cherry_tree 樱花 櫻花 桜",
    "palm": "palm palms palm_tree coconut 棕榈 椰子 ヤシ",
    "moon": "moon crescent full_moon 月亮 明月 圆月 月",
    "sun": "sun 太阳 太陽",
    "balloon": "balloon hot_air_balloon 热气球 气球 気球",
    "bridge": "bridge viaduct golden_gate 桥 橋",
    "castle": "castle palace fortress citadel kingdom 城堡 宫殿 お城",
    "tower": "tower obelisk spire 塔 高塔",
    "pagoda": "pagoda temple shrine dojo japanese_temple 寺 宝塔 寺庙 神社",
    "torii": "torii torii_gate 鸟居 鳥居",
    "windmill": "windmill mill 风车 風車",
    "cat": "cat kitten kitty feline 猫 貓 小猫 ねこ ネコ",
    "dog": "dog puppy hound shiba corgi 狗 小狗 犬 いぬ",
    "fox": "fox 狐 狐狸 キツネ",
    "wolf": "wolf wolves 狼",
    "horse": "horse stallion pony 马 馬",
    "deer": "deer stag elk reindeer 鹿",
    "rabbit": "rabbit bunny hare 兔 兔子 うさぎ ウサギ",
    "bear": "bear panda 熊 熊猫",
    "owl": "owl 猫头鹰 貓頭鷹 フクロウ",
    "birds": "bird seagull gull swallow crane raven crow eagle swan flock 鸟 鳥 小鸟 鹤 鶴",
    "fish": "fish koi goldfish carp 鱼 魚 锦鲤 金魚 鯉",
    "whale": "whale 鲸 鯨 クジラ",
    "jellyfish": "jellyfish medusa 水母 クラゲ",
    "dragon": "dragon 龙 龍 竜",
    "butterfly": "butterfly moth 蝴蝶 蝶",
    "flower": (
        "flower rose lotus lily tulip poppy sunflower peony bouquet daisy 花 花朵 玫瑰 莲花 蓮 薔薇"
    ),
    "mushroom": "mushroom toadstool fungi 蘑菇 きのこ",
    "car": "car automobile sports_car roadster 汽车 汽車 跑车 車",
    "train": "train locomotive railway 火车 列车 電車",
    "rocket": "rocket spaceship spacecraft starship 火箭 飞船 ロケット 宇宙船",
    "robot": "robot android mech cyborg automaton 机器人 機器人 ロボット",
    "astronaut": "astronaut cosmonaut spaceman 宇航员 太空人 宇宙飛行士",
    "person": (
        "person man woman girl boy people figure traveller traveler wanderer monk child "
        "portrait hiker knight warrior wizard lady 人 女孩 男孩 少女 少年 女人 男人"
    ),
    "samurai": "samurai ronin ninja shogun 侍 武士 忍者",
    "fruit": (
        "fruit apple apples pear pears orange_fruit oranges lemon peach fruits 水果 苹果 "
        "果物 りんご"
    ),
    "vase": "vase pot teapot 花瓶 茶壶",
    "lantern": "lantern lanterns 灯笼 燈籠 提灯",
    "umbrella": "umbrella parasol 伞 傘",
    "crystal": "crystal crystals gem diamond 水晶 宝石 クリスタル",
    "heart": "heart love 爱心 心 ハート",
}

STYLES: Table = {
    "watercolour": "watercolor watercolour aquarelle 水彩",
    "ink": "ink sumi-e sumie sumi ink_wash brush_painting calligraphy 水墨 水墨画 墨 墨絵 国画",
    "oil": (
        "oil impasto impressionist impressionism monet van_gogh painterly oil_painting "
        "油画 油絵 印象派"
    ),
    "pixel": "pixel pixel_art 8-bit 8bit 16-bit 16bit retro_game 像素 ドット絵",
    "vaporwave": "vaporwave synthwave retrowave outrun 蒸汽波",
    "poster": (
        "poster flat vector minimalist flat_design travel_poster minimal screenprint "
        "art_deco 海报 扁平 极简 ポスター"
    ),
    "pencil": (
        "pencil sketch line_art drawing charcoal graphite lineart etching engraving 素描 "
        "铅笔 线稿 鉛筆 スケッチ"
    ),
    "glass": "stained_glass mosaic 彩色玻璃 ステンドグラス",
    "lowpoly": "low_poly lowpoly low-poly polygonal 低多边形 ローポリ",
    "noir": "noir film_noir black_and_white monochrome b&w 黑白 白黒 モノクロ",
    "ukiyoe": "ukiyo-e ukiyoe woodblock hokusai hiroshige 浮世绘 浮世絵",
    "anime": "anime manga ghibli shinkai 动漫 动画 アニメ",
}

CROPS: Table = {
    "lavender": "lavender 薰衣草 ラベンダー",
    "wheat": "wheat barley rye rice 麦田 小麦 稻田",
    "tulips": "tulips poppies roses 郁金香 チューリップ",
    "sunflowers": "sunflowers canola rapeseed 向日葵 油菜花 ひまわり",
}

MOODS: Table = {
    "calm": "calm serene peaceful tranquil quiet still gentle zen dreamy soft 宁静 平静 静",
    "dramatic": "dramatic epic majestic powerful cinematic 史诗 壮丽 戏剧",
    "dark": "dark gloomy ominous moody gothic eerie scary horror 黑暗 阴暗 暗",
    "cheerful": (
        "cheerful happy joyful bright vibrant colorful colourful playful 欢快 鲜艳 明るい"
    ),
    "lonely": "lonely solitary alone melancholy sad lone 孤独 孤單 忧伤",
    "warm": "warm cozy cosy 温暖 暖かい autumn fall autumnal 秋 秋天",
    "cold": "cold cool chilly 寒冷 冷たい",
    "pastel": "pastel soft_colors 柔和 パステル",
    "neon": "neon cyberpunk glowing luminous bioluminescent 霓虹 ネオン",
}

COLOURS: Table = {
    "red": "red crimson scarlet vermilion ruby 红 紅 赤",
    "orange": "orange amber tangerine 橙 橘 オレンジ",
    "gold": "gold golden 金色 黄金",
    "yellow": "yellow 黄 黄色",
    "lime": "lime",
    "green": "green 绿 綠 緑",
    "emerald": "emerald jade 翠",
    "teal": "teal turquoise 青",
    "cyan": "cyan aqua",
    "blue": "blue azure cobalt navy sapphire 蓝 藍 青い",
    "indigo": "indigo 靛",
    "purple": "purple plum 紫",
    "violet": "violet lilac mauve",
    "magenta": "magenta fuchsia",
    "pink": "pink rosy 粉 粉红 ピンク",
    "brown": "brown sepia chocolate 棕 褐 茶色",
    "beige": "beige cream ivory 米色",
    "black": "black 黑 黒",
    "grey": "gray grey 灰",
    "silver": "silver silvery 银色",
    "white": "white 白",
}

_TABLES = {
    "time": TIMES,
    "weather": WEATHER,
    "place": PLACES,
    "subject": SUBJECTS,
    "style": STYLES,
    "crop": CROPS,
    "mood": MOODS,
    "colour": COLOURS,
}


def _index() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for kind, table in _TABLES.items():
        for concept, words in table.items():
            for word in words.split():
                found.setdefault(word.replace("_", " "), []).append((kind, concept))
    return found


_WORDS = _index()
_UNSPACED = sorted((word for word in _WORDS if not word.isascii()), key=len, reverse=True)
_SCRIPT = re.compile("|".join(map(re.escape, _UNSPACED)))
_TOKEN = re.compile(r"[a-z0-9&]+(?:-[a-z0-9]+)*|[^\x00-\x7f]+")

Found = tuple[str, str]
"""A kind and a concept, in the order of the prompt."""


def _one(word: str) -> list[Found]:
    single = f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")
    for form in (word, single, word.removesuffix("es")):
        if form in _WORDS:
            return _WORDS[form]
    return []


def _split(token: str) -> Iterator[str]:
    if token.isascii():
        yield token
    else:
        yield from (match.group() for match in _SCRIPT.finditer(token))


def read(text: str) -> tuple[Found, ...]:
    """The known words of a text as concepts, in order; `no x` and `without x` are left out."""
    plain = unicodedata.normalize("NFKC", text[:4000]).lower()
    tokens = [part for token in _TOKEN.findall(plain) for part in _split(token)]
    found: list[Found] = []
    skip = False
    for one, two in pairwise([*tokens, ""]):
        if skip:
            skip = False
            continue
        pair = _WORDS.get(f"{one} {two}", [])
        skip = bool(pair) or one in {"no", "without"}
        found += [] if one in {"no", "without"} else pair or _one(one)
    return tuple(dict.fromkeys(found)) if len(found) > 40 else tuple(found)
