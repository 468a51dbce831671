"""The demo's guide: groups of steps, each with a command to run, in English and Chinese."""

from dataclasses import dataclass

from sandbox.demo_orders import BOTTLE, BOTTLE_ID, FIREFLIES, WALTZ
from sandbox.library import PLAYLIST
from sandbox.local_discord.world import Object, World
from sandbox.local_gateway.demo import DemoTask, demo_tasks

_FINISHED = "5f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b"


@dataclass(frozen=True)
class _Step:
    """`renewed`: each run gets a new copy of the task. `person`: who has to run it; empty: anybody."""

    english: str
    chinese: str
    command: str
    renewed: bool = False
    person: str = ""


_COMMANDS = (
    _Step("an id that nobody knows", "查不到的任务 ID", "/suno status id:00000000-0000-4000-8000-000000000000"),
    _Step("only the lyrics, in pages", "只看歌词，分页显示", "/suno lyrics id:c5d6e7f8-091a-4b2c-8d3e-4f5061728394"),
    _Step("only the second song", "只要第二首歌", "/suno audio id:1934567890123456789 clip:2"),
    _Step(
        "many at once, in one list",
        "批量查询，一个列表",
        "/suno batch ids:" + " ".join(task.fake.id for task in demo_tasks() if not task.fake.born_when_asked),
    ),
    _Step("the same, from a form or a file", "同上，通过表单或文件", "/suno batch"),
    _Step("ask without a command: mention the bot", "不用命令：@机器人并附上任务 ID", f"@Suno {_FINISHED}"),
    _Step("what is being watched", "正在关注的任务", "/suno watches"),
    _Step(
        "a finished task, posted to another channel",
        "把已完成的任务发送到另一个频道",
        f"/suno watch ids:{_FINISHED} channel:releases",
    ),
    _Step(
        "a finished task into a forum, a post for each song",
        "把已完成的任务发到论坛，每首歌一个帖子",
        f"/suno watch ids:{_FINISHED} channel:song-box",
    ),
    _Step("a song of long ago, found by its words", "按歌词找回很久以前的歌曲", "/suno library find:moth lamp"),
    _Step("the same in Chinese", "用中文查找", "/suno library find:码头"),
    _Step("all songs of this server", "本服务器的全部歌曲", "/suno library"),
    _Step("the server's playlist", "本服务器的歌单", f"/suno playlist show name:{PLAYLIST}"),
    _Step("the same, posted for everybody", "发送给所有人", f"/suno playlist post name:{PLAYLIST}"),
    _Step("my language, my data", "我的语言和数据", "/suno settings"),
    _Step("examples, privacy, invitations", "示例、隐私、邀请链接", "/suno help"),
)
_CREATE = _Step("make a song: press Create on the card", "创作一首歌：按卡片上的“创作”", f"/suno create about:{WALTZ}")
_CREATION = (
    _Step(
        "as Mei, with her last song for today: a manager has to agree",
        "以 Mei 的身份，用掉她今天的最后一首：需要管理者批准",
        f"/suno create about:{FIREFLIES}",
        person="Mei",
    ),
    _Step(
        "as Ada, who manages the server: approve it", "以 Ada（管理者）的身份批准", "/suno-admin orders", person="Ada"
    ),
    _Step(
        "as Mei once more: none is left for today",
        "再以 Mei 的身份下单：今天的次数已用完",
        f"/suno create about:{WALTZ}",
        person="Mei",
    ),
    _Step(
        "as Ada: an order whose answer gets lost on the way",
        "以 Ada 的身份：下一个答复会丢失的订单",
        f"/suno create about:{BOTTLE}",
        person="Ada",
    ),
    _Step(
        f"find it: press “It's this id”, and type {BOTTLE_ID}",
        f"找回它：按“是这个 ID”，输入 {BOTTLE_ID}",
        "/suno orders",
        person="Ada",
    ),
    _Step("lyrics only", "只写歌词", "/suno write about:rain on a tin roof"),
    _Step("what may still be ordered today", "今天还可以下多少单", "/suno usage"),
    _Step("who may create here, and how many", "谁可以创作，可以创作多少", "/suno-admin create", person="Ada"),
)
_ADMINISTRATION = (
    _Step("how songs come to this server", "歌曲如何发送到本服务器", "/suno-admin setup", person="Ada"),
    _Step(
        "a song for a channel where the bot may not write",
        "把歌曲发送到机器人没有权限的频道",
        f"/suno watch ids:{_FINISHED} channel:notices",
        person="Ada",
    ),
    _Step(
        "the weekly chart, whose first one is in #releases",
        "每周榜单，第一期在 #releases",
        "/suno-admin charts",
        person="Ada",
    ),
    _Step("which permission is missing where", "哪里缺少权限", "/suno-admin check", person="Ada"),
    _Step("posts that wait or failed", "等待或失败的消息", "/suno-admin deliveries", person="Ada"),
)


def guide(world: World) -> Object:
    """`{title, groups: [{title, steps: [{text, command, renewed, person}]}]}`; the first group is for beginners."""
    steps = [_of_task(task) for task in demo_tasks()]
    begin = [steps[0], _CREATE, *(step for step in steps if step.renewed)]
    groups = (
        ("Start here", "从这里开始", begin),
        ("Creating songs, for two", "两个人一起创作", _CREATION),
        ("Tasks in every state", "各种状态的任务", [step for step in steps if step not in begin]),
        ("More commands", "更多命令", _COMMANDS),
        ("For administrators, as Ada", "管理员命令（以 Ada 的身份）", _ADMINISTRATION),
    )
    people = {user["global_name"]: user["id"] for user in world.people()}
    return {
        "title": _both("Try these", "试试这些"),
        "groups": [
            {"title": _both(english, chinese), "steps": [_shown(step, people) for step in steps]}
            for english, chinese, steps in groups
        ],
    }


def _of_task(task: DemoTask) -> _Step:
    return _Step(task.shows, task.shows_zh, task.typed, renewed=task.fake.born_when_asked)


def _shown(step: _Step, people: dict[str, str]) -> Object:
    return {
        "text": _both(step.english, step.chinese),
        "command": step.command,
        "renewed": step.renewed,
        "person": people.get(step.person),
    }


def _both(english: str, chinese: str) -> Object:
    return {"en": english, "zh-CN": chinese}
