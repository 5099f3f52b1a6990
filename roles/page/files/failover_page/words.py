# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the page in English and Japanese. What the daemon says stays English."""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = {"en": "English", "ja": "日本語"}
DEFAULT = "en"

WORDS: Mapping[str, tuple[str, str]] = {
    "cluster": ("Cluster {0}", "クラスタ {0}"),
    "skip": ("Skip to the state", "状態へ移動"),
    "language": ("Language", "言語"),
    "state": ("State", "状態"),
    "health-ok": ("All is well", "正常です"),
    "health-warning": ("Needs attention", "注意が必要です"),
    "health-critical": ("Out of order", "障害が発生しています"),
    "health-unknown": ("Not known", "状態が分かりません"),
    "nothing-wrong": ("Nothing is wrong.", "問題はありません。"),
    "remedy": ("Remedy", "対処"),
    "severity-info": ("Note", "情報"),
    "severity-warning": ("Warning", "警告"),
    "severity-critical": ("Critical", "重大"),
    "daemon-down": (
        "The cluster software of this node does not answer.",
        "このノードのクラスタソフトウェアが応答しません。",
    ),
    "services-run-on": (
        "Services run on without it, but nobody watches them here.",
        "サービスは動き続けますが、このノードでは監視されていません。",
    ),
    "shown-is-old": (
        "What follows is the state of {0}. It may be wrong by now.",
        "以下は {0} の状態です。現在とは異なる可能性があります。",
    ),
    "never-seen": (
        "It has not answered since this page started, so there is nothing to show.",
        "このページの起動後に応答がないため、表示できる状態がありません。",
    ),
    "picture": ("Picture", "構成図"),
    "this-node": ("this node", "このノード"),
    "life-alive": ("alive", "稼働中"),
    "life-suspect": ("late", "応答遅延"),
    "life-silent": ("silent", "応答なし"),
    "life-gone": ("off, with proof", "停止を確認済み"),
    "life-unseen": ("not heard yet", "未確認"),
    "standby-mode": ("standby mode", "スタンバイモード"),
    "maintenance": ("Maintenance mode is on.", "メンテナンスモードです。"),
    "nowhere": ("on no node", "どのノードでも動いていません"),
    "more": ("and {0} more", "ほか {0} 件"),
    "services": ("Services", "サービス"),
    "service": ("Service", "サービス"),
    "owner": ("Runs on", "稼働ノード"),
    "since": ("since", "開始"),
    "for": ("for {0}", "{0}"),
    "moving": ("moving to {0}", "{0} へ移動中"),
    "reason": ("Reason", "理由"),
    "doing": ("Doing", "実行中"),
    "readiness": ("Failover", "フェイルオーバ"),
    "ready-ok": ("ready: {0} can take over", "可能: {0} が引き継げます"),
    "ready-warning": ("possible, with a doubt", "可能ですが注意があります"),
    "ready-critical": ("would not succeed", "現在は成功しません"),
    "ready-unknown": ("not known", "不明"),
    "expected": ("expected to take {0} to {1} s", "予測時間 {0} から {1} 秒"),
    "generation": ("Changes of owner", "切り替え回数"),
    "replication": ("Replication", "レプリケーション"),
    "out-of-sync": ("{0} differ", "差分 {0}"),
    "in-sync": ("copies are equal", "差分なし"),
    "frozen": ("writes are frozen", "書き込み停止中"),
    "resync": ("{0} % done", "{0} % 完了"),
    "left": ("about {0} left", "残り約 {0}"),
    "parts": ("Parts", "構成要素"),
    "part": ("Part", "構成要素"),
    "kind": ("Kind", "種類"),
    "answer": ("Answer", "応答"),
    "up": ("up", "稼働"),
    "down": ("down", "停止"),
    "unknown": ("not known", "不明"),
    "failed-on": ("{0}: has failed {1} times", "{0}: 失敗 {1} 回"),
    "barred-from": ("{0}: has failed, not started again", "{0}: 失敗のため起動しません"),
    "full": ("{0} % full", "使用率 {0} %"),
    "links": ("Heartbeat links", "ハートビート"),
    "link": ("Link", "リンク"),
    "link-up": ("works", "正常"),
    "link-one-way": ("one way only", "片方向のみ"),
    "link-down": ("down", "断"),
    "lost": ("Lost", "損失"),
    "fencing": ("Fence devices", "フェンスデバイス"),
    "device": ("Device", "デバイス"),
    "device-ok": ("answered", "応答あり"),
    "device-failed": ("failed", "失敗"),
    "device-unknown": ("no clear answer", "応答不明"),
    "asked": ("Last asked", "最終確認"),
    "never": ("never", "未確認"),
    "takeover": ("Takeover", "引き継ぎ時間"),
    "span": ("{0} to {1} s", "{0} から {1} 秒"),
    "seconds": ("{0} s", "{0} 秒"),
    "ago": ("{0} ago", "{0}前"),
    "moment": ("less than a minute", "1 分未満"),
    "minutes": ("{0} min", "{0} 分"),
    "hours": ("{0} h", "{0} 時間"),
    "days": ("{0} d", "{0} 日"),
    "failovers": ("Past failovers to this node", "このノードへの過去のフェイルオーバ"),
    "no-failovers": ("None that the last events tell of.", "最近のイベントにはありません。"),
    "ended": ("Ended", "完了時刻"),
    "total": ("Total", "合計"),
    "phase-detect": ("Detect", "検知"),
    "phase-exclude": ("Exclude", "排他"),
    "phase-promote": ("Promote", "昇格"),
    "phase-mount": ("Mount", "マウント"),
    "phase-start": ("Start", "起動"),
    "phase-address": ("Address", "アドレス"),
    "phases-overlap": (
        "Total is the time from the last sign of life of the other node. Phases may overlap.",
        "合計は相手ノードの最後の生存確認からの時間です。各段階は重なることがあります。",
    ),
    "nodes": ("Nodes", "ノード"),
    "node": ("Node", "ノード"),
    "reports": (
        "Each row is what the node itself said in its last heartbeat. Both pages show the same.",
        "各行はそのノード自身の最後のハートビートの内容です。両ノードのページで同じです。",
    ),
    "quorum": ("quorum", "クォーラムあり"),
    "no-quorum": ("no quorum", "クォーラムなし"),
    "spare": ("one more node may fail", "さらに 1 ノードの障害に耐えられます"),
    "no-spare": (
        "no quorum if one more node fails",
        "さらに 1 ノードが故障するとクォーラムを失います",
    ),
    "heard": ("Said", "報告"),
    "never-heard": ("not heard yet", "未受信"),
    "now": ("now", "現在"),
    "there": ("State there", "そのノードでの状態"),
    "could-start": ("Could start it", "起動可否"),
    "hears": ("Hears the other on", "受信中のリンク"),
    "said-goodbye": ("left in order", "正常に離脱"),
    "yes": ("yes", "可"),
    "no": ("no", "不可"),
    "availability": ("Availability", "可用性"),
    "no-record": (
        "Nothing is written down yet; the account is made once a minute.",
        "まだ記録がありません。集計は 1 分ごとに行われます。",
    ),
    "account-of": (
        "The last {0} days, from the history of {1}, as of",
        "直近 {0} 日間、{1} の履歴による集計。作成",
    ),
    "available": ("Available", "可用率"),
    "nines": ("{0} nines", "ナイン数 {0}"),
    "planned": ("planned", "計画停止"),
    "unplanned": ("not planned", "計画外停止"),
    "not-recorded": ("not recorded", "記録なし"),
    "times": ("{0} (count: {1})", "{0}、{1} 回"),
    "budget": ("Budget of {0} %", "{0} % の許容停止時間"),
    "left-of": ("{0} of {1} left", "残り {0} / {1}"),
    "overdrawn": ("overdrawn by {0}", "{0} 超過"),
    "one-more": ("One more failover a month", "フェイルオーバが月 1 回増えた場合"),
    "one-more-costs": ("{0} each: {1} %", "1 回 {0}: {1} %"),
    "cause": ("Cause", "原因"),
    "count": ("Count", "回数"),
    "phases": ("Phases", "段階"),
    "outages": ("Outages explained", "停止の経緯"),
    "no-outages": ("The history tells of none.", "履歴にはありません。"),
    "down-for": ("was down for {0}", "停止時間 {0}"),
    "down-since": ("is down, for {0} so far", "停止中、現在まで {0}"),
    "way": ("From and to", "移動"),
    "part-seen": ("What was seen", "観測"),
    "part-proved": ("What was proved", "確認"),
    "part-done": ("What was done", "実行"),
    "would-have-helped": ("What would have helped", "改善策"),
    "events": ("Last events", "最近のイベント"),
    "no-events": ("None.", "ありません。"),
    "alert": ("Alert", "警報"),
    "time": ("Time", "時刻"),
    "seen-by": ("As {0} sees it", "{0} から見た状態"),
    "at": ("State of {0}", "{0} 現在"),
    "live": ("Live", "自動更新中"),
    "not-live": ("Not live: the page does not answer", "更新停止: ページが応答しません"),
    "reloads": ("Reloads every 10 seconds", "10 秒ごとに再読み込みします"),
    "metrics": ("Metrics", "メトリクス"),
    "json": ("Status as JSON", "JSON 形式の状態"),
    "state-running": ("running", "稼働中"),
    "state-starting": ("starting", "起動中"),
    "state-stopping": ("stopping", "停止中"),
    "state-stopped": ("stopped", "停止"),
    "state-blocked": ("blocked", "ブロック"),
    "state-broken": ("broken", "異常"),
    "state-unknown": ("not known", "不明"),
    "state-recovering": ("restarting", "再起動中"),
    "state-open for repair": ("open for repair", "修復中"),
    "picture-says": ("{0} and {1}.", "{0} と {1}。"),
    "picture-nodes": ("Nodes: {0}.", "ノード: {0}。"),
    "copy-good": ("good", "正常"),
    "copy-bad": ("not good", "異常"),
    "picture-service": ("{0} is {1}, {2}.", "{0}: {1}、{2}。"),
    "picture-link": ("Link {0}: {1}.", "リンク {0}: {1}。"),
    "picture-device": ("Fence device {0}: {1}.", "フェンスデバイス {0}: {1}。"),
    "picture-copies": (
        "Copies of {0}: {1} to {2}, {3}.",
        "{0} の複製: {1} から {2}、{3}。",
    ),
}
"""By key, the text in the order of LANGUAGES. {0} and so on are filled in."""


class Speech:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._index = list(LANGUAGES).index(language)

    def __call__(self, key: str, *values: object) -> str:
        """The text; of an unknown key, such as a state of a newer daemon, its last part."""
        words = WORDS.get(key)
        if words is None:
            return key.partition("-")[2] or key
        return words[self._index].format(*values)

    def age(self, seconds: float | None) -> str:
        """A length of time, rough enough not to change every second."""
        if seconds is None:
            return self("unknown")
        for size, key in ((86400, "days"), (3600, "hours"), (60, "minutes")):
            if seconds >= size:
                return self(key, int(seconds // size))
        return self("moment")

    def length(self, seconds: float) -> str:
        """A length of time in its two largest units, for accounts."""
        if seconds < 60:
            return self("seconds", f"{seconds:.1f}")
        units = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))
        at = next(index for index, (_key, size) in enumerate(units) if seconds >= size)
        (large, size), (small, less) = units[at], units[at + 1]
        return f"{self(large, int(seconds // size))} {self(small, int(seconds % size // less))}"


def chosen(asked: str | None, accepted: str) -> str:
    """The language: the one asked for, else the best that the browser accepts."""
    if asked in LANGUAGES:
        return str(asked)
    best, most = DEFAULT, 0.0
    for part in accepted[:1000].split(","):
        name, _semicolon, weight = part.strip().partition(";")
        language = name.strip().lower().partition("-")[0]
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and most < quality <= 1.0:
            best, most = language, quality
    return best
