"""How the pages look: the system's colours and font, so that contrast and size are the reader's."""

from typing import Final

STYLE: Final = (
    ":root{color-scheme:light dark;--warn:light-dark(#8a2500,#ffb59b)}"
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:Canvas}"
    "main{max-width:36rem;margin:auto;padding:1rem}"
    "h1{margin:.5rem 0}"
    "label,small{display:block}"
    "label{font-weight:600}"
    ".check label{display:inline}"
    "input:not([type=checkbox]),select,textarea{font:inherit;width:100%;box-sizing:border-box;"
    "padding:.5rem;border:1px solid GrayText;border-radius:4px}"
    "[type=checkbox]{width:1.5rem;height:1.5rem;vertical-align:middle;margin:0 .5rem 0 0}"
    "button{font:inherit;padding:.5rem 1.5rem;border:0;border-radius:4px;"
    "background:#0b57a4;color:#fff}"
    ":focus-visible{outline:3px solid #d97706;outline-offset:2px}"
    ".said{font-size:2.5rem;font-weight:700;margin:0;overflow-wrap:anywhere}"
    "figure{margin:1rem 0}svg{display:block;width:100%}"
    ".bars{stroke:#6b9ac4}.mark{stroke:#c2410c;stroke-width:3}"
    ".warn{color:var(--warn);border-left:4px solid;padding-left:.75rem;font-weight:600}"
    "summary{padding:.5rem 0;cursor:pointer}"
    "td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}"
    "pre{overflow-x:auto}"
)
