"""What strangers put into pages: the public lists in short, each able to leave a trace when it runs."""

from __future__ import annotations

TRACE = "document.documentElement.setAttribute('data-ran','1')"


def markup(hit: str) -> dict[str, str]:
    """Return text that would become an element, an attribute or a request. `hit` is an address that counts calls."""
    return {
        "script": f"<script>{TRACE}</script>",
        "script from outside": f"<script src={hit}></script>",
        "script in capitals": f"<ScRiPt>{TRACE}</sCrIpT>",
        "script cut in two": f"<scr<script>ipt>{TRACE}</scr</script>ipt>",
        "script with a slash": f"<script/x>{TRACE}</script>",
        "end of a script": f"</script><script>{TRACE}</script>",
        "end of a title": f"</title><script>{TRACE}</script>",
        "end of a style": f"</style><script>{TRACE}</script>",
        "end of a text area": f"</textarea></noscript></template><img src=x onerror=\"{TRACE}\">",
        "image": f"<img src={hit}>",
        "image with a handler": f"<img src=x onerror={TRACE}>",
        "image without an end": f"<img src=\"{hit}",
        "image set": f"<picture><source srcset={hit}><img></picture>",
        "svg": f"<svg onload={TRACE}>",
        "svg with a script": f"<svg><script>{TRACE}</script></svg>",
        "svg animation": f"<svg><animate onbegin={TRACE} attributeName=x dur=1s>",
        "math": f"<math><mtext><img src=x onerror={TRACE}></mtext></math>",
        "frame": f"<iframe src={hit}></iframe>",
        "frame with a document": f"<iframe srcdoc=\"<script>parent.{TRACE}</script>\"></iframe>",
        "object": f"<object data={hit}></object><embed src={hit}>",
        "style": f"<style>@import '{hit}'; body {{ background: url({hit}) }}</style>",
        "style attribute": f"<p style=\"background:url({hit})\">x",
        "sheet": f"<link rel=stylesheet href={hit}>",
        "base": f"<base href={hit}>",
        "meta": f"<meta http-equiv=refresh content=\"0;url={hit}\">",
        "form": f"<form action={hit}><input autofocus onfocus={TRACE}><button>x</button></form>",
        "details": f"<details open ontoggle={TRACE}>x</details>",
        "body": f"<body onload={TRACE}>",
        "video": f"<video src={hit} onerror={TRACE} autoplay></video>",
        "audio": f"<audio src={hit} onerror={TRACE} autoplay></audio>",
        "marquee": f"<marquee onstart={TRACE}>x</marquee>",
        "link": f"<a href={hit} ping={hit}>x</a>",
        "comment": f"--><script>{TRACE}</script><!--",
        "our own mark": "<!--words--><!--words-->",
        "cdata": f"]]><script>{TRACE}</script>",
        "attribute with quotes": f"\" onmouseover=\"{TRACE}\" autofocus onfocus=\"{TRACE}\" x=\"",
        "attribute with single quotes": f"' onmouseover='{TRACE}' x='",
        "attribute without quotes": f" onmouseover={TRACE} x=",
        "backticks": f"` onmouseover={TRACE} x=`",
        "entities": f"&lt;script&gt;{TRACE}&lt;/script&gt;",
        "entities twice": "&amp;lt;script&amp;gt;",
        "numbers": "&#60;script&#62;&#x3c;script&#x3e;",
        "template": "{{ 7*7 }}{% include 'mail.html' %}{{ config }}${7*7}#{7*7}<%= 7*7 %>",
        "template with a call": "{{ ''.__class__.__mro__ }}",
        "json": f"\"}}}}</script><script>{TRACE}</script>",
        "nul": f"<scr\x00ipt>{TRACE}</scr\x00ipt>",
        "wide letters": "\uff1cscript\uff1e\uff1c/script\uff1e",
        "utf-7": "+ADw-script+AD4-",
        "line separators": "a\u2028b\u2029c",
        "right to left": "\u202e<script>\u202c",
    }  # fmt: skip


def addresses(hit: str) -> dict[str, str]:
    """Return addresses that must never become links."""
    return {
        "javascript": f"javascript:{TRACE}",
        "capitals": f"JaVaScRiPt:{TRACE}",
        "tab": f"java\tscript:{TRACE}",
        "line": f"java\nscript:{TRACE}",
        "blank before": f" \x01javascript:{TRACE}",
        "entity": f"java&#x73;cript:{TRACE}",
        "colon as entity": f"javascript&colon;{TRACE}",
        "data": f"data:text/html,<script>{TRACE}</script>",
        "data in base64": "data:text/html;base64,PHNjcmlwdD4=",
        "vbscript": "vbscript:msgbox(1)",
        "protocol-relative": f"//{hit.partition('//')[2]}",
        "relative": "/admin?delete=1",
        "file": "file:///etc/passwd",
        "blob": "blob:https://x.example/1",
        "mail": "mailto:a@evil.example",
        "credentials": "https://business.example@evil.example/",
        "backslash": "https:\\\\evil.example",
        "no host": "https:///evil",
        "quote in a scheme": "java\"script:1",
    }  # fmt: skip


ENDING = {
    "quotes": 'https://evil.example/"onmouseover="x',
    "single quotes": "https://evil.example/'onmouseover='x",
    "angles": "https://evil.example/<script>",
    "blanks": "https://evil.example/a b",
}
"""Addresses that may become links, and must not end their attribute early."""
