"""The field names that gateways use, in both spellings that occur: `audio_url` and `audioUrl`."""


def spelled(*names: str) -> tuple[str, ...]:
    """Each name in snake case and in camel case."""
    return tuple(dict.fromkeys(each for name in names for each in (name, _camel(name))))


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


# Envelopes of answers, and wrappers of a task's results.
ENVELOPES = spelled(
    "data", "result", "results", "response", "output", "outputs", "task", "tasks", "items", "list", "records", "body",
    "payload", "job", "info", "detail", "details", "response_data", "result_data",
)  # fmt: skip
WRAPPERS = spelled(
    "clips", "data", "items", "output", "outputs", "result", "results", "response", "suno_data", "songs", "song",
    "tracks", "musics", "music_list", "audios", "records", "list", "clip", "lyrics_data", "payload", "task_result",
    "result_json", "result_object", "content", "files", "response_data", "result_data",
)  # fmt: skip

RESULTS = ("output", "outputs", "result", "results")  # may also be a style
# Addresses of songs, without any other fields: of a task, and within these.
ADDRESSES = spelled(*RESULTS, "result_json", "result_object", "result_urls", "result_url_list")
INNER_ADDRESSES = (*ADDRESSES, "urls", "url", "files")

# Of a task.
TASK_ID = spelled("task_id")
STATUS = spelled("status", "state", "task_status", "task_state", "success_flag", "callback_type")
REASON = spelled(
    "fail_reason", "fail_message", "fail_msg", "failure_reason", "failed_reason", "error_message", "error_msg",
    "err_msg", "error", "err", "error_messages", "errors",
)  # fmt: skip
MESSAGE = spelled(
    "message", "msg", "detail", "details", "description", "error_description", "title", "reason", "hint", "raw_message"
)
CODE = spelled("code", "error_code", "err_code", "type")
PROGRESS = spelled("progress", "percent", "percentage")
SUBMITTED = spelled("submit_time", "submitted_at", "created_at", "create_time")
STARTED = spelled("start_time", "started_at")
FINISHED = spelled("finish_time", "finished_at", "finish_at", "complete_time", "completed_at", "end_time")
TASK_MARKS = frozenset(
    {*TASK_ID, *PROGRESS, *SUBMITTED, *STARTED, *FINISHED, *spelled("fail_reason", "error_message", "action")}
)

# Of a clip. Files come before streams, and main fields before secondary ones.
CLIP_ID = spelled("clip_id")
OTHER_CLIP_ID = spelled("song_id", "music_id", "result_id", "audio_id")  # tasks have them, too
AUDIO = spelled(
    "audio_url", "cld2_audio_url", "source_audio_url", "wav_file_url", "wav_url", "audio_wav_url", "mp3_url",
    "song_url", "song_path", "music_url", "audio", "download_url", "file_url",
)  # fmt: skip
STREAM = spelled("stream_audio_url", "stream_url", "source_stream_audio_url")
MEDIA = spelled("media_urls", "audio_urls", "media_url")
IMAGE = spelled(
    "image_url", "cld2_image_url", "image_large_url", "source_image_url", "cover_url", "cover_image_url", "cover"
)
VIDEO = spelled("video_url", "cld2_video_url", "mp4_url")
MODEL = spelled("major_model_version", "model_name", "mv", "model", "model_version")
STYLE = spelled("tags", "style", "styles", "style_tags")
WORDS = spelled("prompt", "lyric", "lyrics", "text", "lyrics_text")
DURATION = spelled("duration", "audio_duration", "duration_seconds", "length")
CLIP_ERROR = spelled("error_message", "error_msg", "error_type", "fail_reason", "fail_message")
CLIP_REASON = (*CLIP_ERROR, *spelled("progress_msg"))
CLIP_MARKS = frozenset(
    {*CLIP_ID, *AUDIO, *STREAM, *MEDIA, *IMAGE, *VIDEO, *spelled("model_name", "major_model_version"), "metadata"}
)

# Of anything but songs.
LYRICS = spelled("text", "lyrics", "lyric", "lyrics_text")
STYLE_TEXT = spelled("upsampled_tags", "upsampled_style", "enhanced_tags", "enhanced_style")
