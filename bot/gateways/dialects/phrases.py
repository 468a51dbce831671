"""The meaning of sentences in a gateway's errors: an unknown task, a wrong address, a busy gateway."""

import re
from collections.abc import Sequence
from enum import Enum

_MAX = 1_000  # characters that are examined
_GAP, _SHORT_GAP = r".{0,80}?", r".{0,20}?"

# What an answer may call a task, and how it may say that there is none: by language, in either order.
_TASK = r"\b(?:task|job|record|song|music|track|generation|(?:task |request )?u?u?id)s?\b"
_NOT = r"\b(?:not|no longer|isnt|isn't|doesnt|doesn't|wasnt|wasn't|cannot|can't|couldn't|could not)\b"
_THERE = r"\b(?:exist|exists|existing|found|find|known|recogni[sz]ed|located)\b"
_NOWHERE = r"\b(?:nonexistent|non existent)\b"
_NO_SUCH = r"\b(?:no such|unknown|nonexistent|non existent|missing|unrecogni[sz]ed|no|invalid|malformed)"
_CHINESE_TASK = r"(?:任务|任務|作业|记录|記錄|歌曲|音乐|音樂|数据|數據|\bid\b)"
_CHINESE_ABSENT = "不存在|未找到|找不到|没有找到|沒有找到|查不到|未查到|查无|查無"
_CHINESE_GONE = "查询不到|无效|無效|已失效|已过期|已過期|已删除|已刪除|有误|不正确"
_CHINESE_NO_SUCH = "无此|無此|没有该|没有此|没有这个|无效的?|無效的?|未查询到"
_UNKNOWN: Sequence[tuple[str, str, str]] = (
    (_TASK, _GAP, f"{_NOT}.{{0,12}}?{_THERE}|{_NOWHERE}"),
    (_NO_SUCH, r"(?: (?:suno|music|such|matching|valid))? ", _TASK),
    (r"\b(?:cannot|can't|could not|couldn't|unable to|failed to|did not|didn't) (?:find|locate)\b", _GAP, _TASK),
    (
        r"\b(?:task|job|record)s?\b",
        r"(?: (?:id|has|have|had|is|was|been|already|may|be|or|does|not|exist|invalid))*",
        r" (?:expired|deleted|removed|purged|gone)\b",
    ),
    (r"\b(?:task|job)s?\b", _GAP, r"\b(?:belongs? to|another user|another account|not yours|not owned)\b"),
    (r"\b(?:access|permission|allowed)\b", r".{0,30}?", r"\b(?:this|that|the) (?:task|job)\b"),
    (
        r"\b(?:nothing|no results?|no match(?:es)?)\b",
        r"(?: (?:was|were|is))?",
        r" (?:found|for (?:this|that|the) id)\b",
    ),
    (r"\b(?:task|job|record)(?: info)?", " ", r"(?:is|was) (?:null|nil|none|empty)\b"),
    (r"\buu?id\b|\bid\b", _SHORT_GAP, r"\b(?:is )?(?:invalid|not valid|malformed)\b"),
    (r"\b(?:not )?a valid\b", _SHORT_GAP, r"\buuid\b"),
    (_CHINESE_TASK, _SHORT_GAP, f"(?:{_CHINESE_ABSENT}|{_CHINESE_GONE})"),
    (f"(?:{_CHINESE_ABSENT}|{_CHINESE_NO_SUCH})", r".{0,8}?", r"(?:任务|任務|作业|记录|記錄|歌曲|\bid\b)"),
    (r"(?:无权|無權|没有权限|不属于)", _SHORT_GAP, r"(?:任务|任務)"),
    (r"(?:タスク|ジョブ)", _SHORT_GAP, r"(?:見つかりません|見つからない|存在しません|存在しない)"),
    (r"(?:작업|태스크)", _SHORT_GAP, r"(?:찾을 수 없|존재하지 않|없습니다)"),
    (r"\bзадач[аиу]\b", _GAP, r"\bне (?:найден|существует)"),
    (r"\b(?:aufgabe|auftrag)\b", _GAP, r"\b(?:nicht gefunden|nicht vorhanden|existiert nicht|unbekannt)\b"),
    (r"\b(?:tâche|tache)\b", _GAP, r"\b(?:introuvable|inexistante|n'existe pas|non trouvée)"),
    (r"\b(?:tarea|tarefa)\b", _GAP, r"\b(?:no (?:existe|encontrada|se)|não (?:existe|encontrada|foi))\b"),
    (r"\b(?:tác vụ|nhiệm vụ)\b", _GAP, r"\bkhông (?:tồn tại|tìm thấy)"),
)
_SAYS_UNKNOWN = re.compile("|".join(f"(?:{first}){gap}(?:{then})" for first, gap, then in _UNKNOWN))

# A router's words for an address that it does not serve.
_SAYS_NOTHING_THERE = re.compile(
    r"\binvalid url\b|\bcannot (?:get|post)\b|\broutes?\b|\bpath\b.{0,60}?\bnot\b"
    r"|\b(?:page|endpoint|url) (?:was )?not\b|\bno (?:handler|static resource|endpoint)\b|\bmethod not allowed\b"
    r"|接口不存在|路由|页面不存在|路径不存在"
)
_BARE = frozenset({"", "not found", "error not found", "http not found", "not found error", "resource not found",
                   "about blank", "error", "不存在", "未找到"})  # fmt: skip
# Other things that may be missing or invalid: a sentence about them is about a task only if it names one.
_OTHER_THING = re.compile(r"\bmodels?\b|\bchannels?\b|\busers?\b|\btokens?\b|\bkeys?\b|渠道|模型|用户|令牌|密钥")
_NAMES_TASK = re.compile(r"\btasks?\b|\bjobs?\b|任务|任務")
_SAYS_BUSY = re.compile(
    r"overload|\btoo many requests\b|\brate limit|\btoo (?:high|frequent|often|busy)\b"
    r"|\b(?:is|are|server|system|service|gateway) (?:very )?busy\b"
    r"|\btry (?:again )?(?:later|in)\b|频率|频繁|頻繁|过于频繁|繁忙|负载|饱和|稍后|请求过多"
)
_SAYS_KEY = re.compile(
    r"\b(?:invalid|incorrect|wrong|expired|missing|no|disabled)\b.{0,12}?\b(?:api ?key|token|key|credentials)\b"
    r"|\b(?:api ?key|token)\b.{0,20}?\b(?:invalid|incorrect|expired|disabled|required|quota)|\bunauthori[sz]ed\b"
    r"|令牌|密钥|密鑰"
)
_SAYS_NO_MONEY = re.compile(
    r"\b(?:insufficient|not enough|out of|no more|no remaining) (?:\w{1,20} ){0,2}?(?:credits?|balance|quota|funds)\b"
    r"|\b(?:credits?|balance|quota|funds) (?:\w{1,20} ){0,2}?(?:insufficient|not enough|exhausted|used up|depleted)\b"
    r"|\bpayment required\b|欠费|欠費"
    r"|(?:额度|額度|余额|餘額|积分|積分|点数|點數)(?:已经?|已經)?(?:不足|用尽|用盡|用完|耗尽|耗盡)"
)
_REQUEST_ID = re.compile(r"\(?\brequest[ _]?id: ?[\w-]{1,80}\)?", re.IGNORECASE)


class ErrorMeaning(Enum):
    UNKNOWN = "there is no such task"
    NOTHING_THERE = "there is no Suno gateway at this address"
    BUSY = "later"
    KEY = "the key is refused"
    NO_MONEY = "the key's account has no money left"
    BARE = "something was not found, or no text"
    OTHER = "something else"


def meaning(*sentences: str) -> ErrorMeaning:
    """The meaning of an error's sentences together. Each may be a code, such as `task_not_exist`."""
    texts = [_plain(sentence) for sentence in sentences if sentence]
    if any(_says_unknown(text) for text in texts):
        return ErrorMeaning.UNKNOWN
    for wanted, pattern in (
        (ErrorMeaning.NOTHING_THERE, _SAYS_NOTHING_THERE),
        (ErrorMeaning.BUSY, _SAYS_BUSY),
        (ErrorMeaning.NO_MONEY, _SAYS_NO_MONEY),
        (ErrorMeaning.KEY, _SAYS_KEY),
    ):
        if any(pattern.search(text) for text in texts):
            return wanted
    return ErrorMeaning.BARE if all(_letters(text) in _BARE for text in texts) else ErrorMeaning.OTHER


def _says_unknown(text: str) -> bool:
    about_another = _OTHER_THING.search(text) is not None and not _NAMES_TASK.search(text)
    return not about_another and _SAYS_UNKNOWN.search(text) is not None


def _letters(text: str) -> str:
    return " ".join(re.sub(r"[\W\d_]+", " ", text).split())


def _plain(sentence: str) -> str:
    """As words in lower case: `taskNotFound`, `task-not-found` and "Task not found" are the same."""
    text = _REQUEST_ID.sub("", sentence[:_MAX])
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return " ".join(re.sub(r"[_-]+", " ", text.replace("\u2019", "'")).lower().split())
