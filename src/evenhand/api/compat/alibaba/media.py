"""Recordings in the words of both versions: frames at their second, stretches of speech and sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from evenhand.api.compat.alibaba import labels
from evenhand.api.compat.alibaba.answers import RISK, SUGGESTION, Answer, Named, beyond, least, named, strictest
from evenhand.domain import Action, Finding, Source
from evenhand.policy import Policy

_SEEN = frozenset({Source.FRAME, Source.IMAGE, Source.OCR, Source.CODE})
_ALL = (0.0, 0.0)


def frames_2022(answer: Answer, media: Mapping[str, Any], policy: Policy, service: str) -> dict[str, Any]:
    """Give `FrameResult`: only frames in which something was found are listed; pictures of them are not kept."""
    seen = _part(answer, seen=True)
    found = named(seen, policy, labels.picture_2022)
    rows = []
    for (start, _), moment in _moments(seen):
        here = named(moment, policy, labels.picture_2022)
        if here:
            result = [{"Label": one.label, "Confidence": one.confidence, "Description": _why(one)} for one in here]
            risk = RISK[strictest(*(one.action for one in here))]
            rows.append({"Offset": start, "RiskLevel": risk, "Results": [{"Service": service, "Result": result}]})
    summary = [
        {"Label": one.label, "Description": _why(one), "LabelSum": len({_time(finding) for finding in one.findings})}
        for one in found
    ]
    whole = risks_2022(answer, policy)[0]
    risk = RISK[strictest(least(answer, policy), whole, *(one.action for one in found))]
    return {"FrameNum": int(media.get("frames") or 0), "RiskLevel": risk, "FrameSummarys": summary, "Frames": rows}


def slices_2022(answer: Answer, policy: Policy) -> tuple[str, list[dict[str, Any]], list[dict[str, Any]]]:
    """Give the risk of what was heard, its summary, and `SliceDetails`: stretches in which something was found."""
    heard = _part(answer, seen=False)
    found = named(heard, policy, labels.text_plus)
    rows = []
    for (start, end), moment in _moments(heard):
        here = named(moment, policy, labels.text_plus)
        if here:
            rows.append(
                {
                    "StartTime": int(start),
                    "EndTime": max(int(end), int(start)),
                    "Text": " ".join(_said(moment)),
                    "Labels": ",".join(one.label for one in here),
                    "RiskWords": ",".join(_said(moment)),
                    "RiskTips": "; ".join(_why(one) for one in here),
                    "RiskLevel": RISK[strictest(*(one.action for one in here))],
                    "Score": max(one.confidence for one in here),
                }
            )
    counted = [
        {"Label": one.label, "Description": _why(one), "LabelSum": len({_time(finding) for finding in one.findings})}
        for one in found
    ]
    whole = risks_2022(answer, policy)[1]
    return RISK[strictest(least(answer, policy), whole, *(one.action for one in found))], counted, rows


def risks_2022(answer: Answer, policy: Policy) -> tuple[Action, Action]:
    """Give what a decision that goes beyond the findings means for what was seen, and for what was heard."""
    action = beyond(answer, policy)
    seen, heard = bool(_part(answer, seen=True).findings), bool(_part(answer, seen=False).findings)
    return (action if seen or not heard else Action.PASS), (action if heard or not seen else Action.PASS)


def about(scene: str, answer: Answer) -> list[Finding]:
    """Give the findings that a scene of 2018-05-09 speaks of; "antispam" is what was heard."""
    if scene == "antispam":
        return [finding for finding in _part(answer, seen=False).findings if labels.text_2018(finding)]
    return [finding for finding in _part(answer, seen=True).findings if labels.in_scene(scene, finding)]


def scene_2018(scene: str, answer: Answer, policy: Policy, *, missing: bool) -> dict[str, Any]:
    """Give one scene of a video, with the frames that it rests on."""
    seen = _part(answer, seen=True)
    name = partial(labels.in_scene, scene)
    found = named(seen, policy, name)
    row = _row(scene, answer, found, policy, missing=missing)
    frames = []
    for (start, _), moment in _moments(seen):
        here = named(moment, policy, name)
        if here:
            frames.append({"offset": round(start), "rate": here[0].confidence, "label": here[0].label})
    return {**row, "frames": frames} if frames else row


def speech_2018(answer: Answer, policy: Policy) -> dict[str, Any]:
    """Give scene `antispam` of what was heard, with its stretches."""
    heard = _part(answer, seen=False)
    found = named(heard, policy, labels.text_2018)
    details = []
    for (start, end), moment in _moments(heard):
        here = named(moment, policy, labels.text_2018)
        if here:
            said = " ".join(_said(moment))
            times = {"startTime": int(start), "endTime": max(int(end), int(start))}
            details.append({**times, "text": said, "label": here[0].label})
    row = _row("antispam", answer, found, policy, missing=False)
    return {**row, "details": details} if details else row


def _row(scene: str, answer: Answer, found: Sequence[Named], policy: Policy, *, missing: bool) -> dict[str, Any]:
    waits = policy.line(answer.line).incomplete if missing else Action.PASS
    action = strictest(waits, least(answer, policy), *(one.action for one in found))
    top = found[0] if found else None
    row = {
        "scene": scene,
        "suggestion": SUGGESTION[action],
        "label": labels.NORMAL if top is None else top.label,
        "rate": 99.9 if top is None else top.confidence,
    }
    unanswered = {**answer.incomplete, **({scene: "nothing here looks for this"} if missing else {})}
    return {**row, "incomplete": unanswered} if unanswered else row


def _part(answer: Answer, *, seen: bool) -> Answer:
    kept = [finding for finding in answer.findings if (finding.location.source in _SEEN) is seen]
    return replace(answer, findings=kept)


def _moments(answer: Answer) -> list[tuple[tuple[float, float], Answer]]:
    by_time: dict[tuple[float, float], list[Finding]] = {}
    for finding in answer.findings:
        by_time.setdefault(_time(finding), []).append(finding)
    return [(time, replace(answer, findings=found)) for time, found in sorted(by_time.items())]


def _time(finding: Finding) -> tuple[float, float]:
    return finding.location.time or _ALL


def _said(answer: Answer) -> list[str]:
    return list(dict.fromkeys(finding.location.text for finding in answer.findings if finding.location.text))


def _why(one: Named) -> str:
    return "; ".join(dict.fromkeys(finding.reason for finding in one.findings))
