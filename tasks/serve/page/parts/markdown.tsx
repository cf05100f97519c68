// Answers as formatted text. What a model writes is not trusted: it is cleaned of everything that could act.
import DOMPurify from "dompurify";
import { Marked } from "marked";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { useMessages } from "./preferences.ts";

const marked = new Marked({ gfm: true, breaks: true });

const CLEAN = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select", "img", "video", "audio", "iframe", "svg"],
  FORBID_ATTR: ["style", "class", "id", "name", "target"],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
};

/** HTML that can be shown, of Markdown that anybody wrote. */
export function cleanHtml(text: string): string {
  return DOMPurify.sanitize(marked.parse(text, { async: false }), CLEAN);
}

/** Markdown, shown as what it means. Blocks of code can be copied. */
export function Markdown({ text }: { readonly text: string }): JSX.Element {
  const { copy, copied } = useMessages().talk;
  const ref = useRef<HTMLDivElement>(null);
  const html = useMemo(() => cleanHtml(text), [text]);
  useEffect(() => {
    for (const link of ref.current?.querySelectorAll("a") ?? []) {
      link.target = "_blank";
      link.rel = "noopener noreferrer nofollow";
    }
    for (const block of ref.current?.querySelectorAll("pre") ?? []) {
      block.tabIndex = 0; // so that long lines can be scrolled by keyboard
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = copy;
      button.addEventListener("click", () => {
        void navigator.clipboard?.writeText(block.querySelector("code")?.textContent ?? "")
          .then(() => button.textContent = copied);
      });
      block.append(button);
    }
  }, [html, copy, copied]);
  return <div class="prose" ref={ref} dangerouslySetInnerHTML={{ __html: html }} />;
}
