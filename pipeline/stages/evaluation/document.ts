// A report as a list of blocks, written as Markdown or as one HTML file without anything from outside.
import { escapeXml } from "../plot.ts";

/** A part of a report. Texts are plain; whatever markup they hold is shown as it is. */
export type Block =
  | { readonly type: "heading"; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "list"; readonly items: readonly string[] }
  | {
    readonly type: "table";
    readonly header: readonly string[];
    readonly rows: readonly (readonly string[])[];
    /** Cells are texts, not figures. */
    readonly textual?: boolean;
  }
  /** What a person or a model wrote, under a label. */
  | { readonly type: "quote"; readonly label: string; readonly text: string }
  /** A plot: a file beside the report; in HTML its SVG text itself, where there is one. */
  | { readonly type: "figure"; readonly file: string; readonly alt: string; readonly svg?: string };

const NOTHING = "(nothing 无)";

/** Escapes whatever Markdown would take for markup. */
function plain(text: string): string {
  return text.replace(/([\\`*_<>#|[\]])/g, "\\$1");
}

/** A report in Markdown. */
export function markdown(blocks: readonly Block[]): string {
  return `${blocks.map(markdownBlock).join("\n\n")}\n`;
}

function markdownBlock(block: Block): string {
  switch (block.type) {
    case "heading":
      return `${"#".repeat(block.level)} ${plain(block.text)}`;
    case "text":
      return plain(block.text);
    case "list":
      return block.items.map((item) => `- ${plain(item)}`).join("\n");
    case "table": {
      const line = (cells: readonly string[]) => `| ${cells.map((cell) => oneLine(plain(cell))).join(" | ")} |`;
      return [line(block.header), line(block.header.map(() => "---")), ...block.rows.map(line)].join("\n");
    }
    case "quote": {
      const lines = (block.text || NOTHING).split("\n").map((line) => `> ${plain(line)}  `);
      return `**${plain(block.label)}**\n\n${lines.join("\n")}`;
    }
    case "figure":
      return `![${plain(block.alt)}](${encodeURI(block.file)})`;
    default:
      return block satisfies never;
  }
}

const oneLine = (text: string) => text.replaceAll("\n", " ");

const STYLE = `:root { color-scheme: light dark }
body { font: 16px/1.6 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
.wide { overflow-x: auto }
table { border-collapse: collapse }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #8884; text-align: right; font-variant-numeric: tabular-nums }
th:first-child, td:first-child, .texts th, .texts td { text-align: left }
blockquote { margin: 0 0 1rem; padding: .25rem 1rem; border-left: 3px solid #8888; white-space: pre-wrap; overflow-wrap: anywhere }
figure { margin: 1rem 0 }
figure > * { display: block; width: 45rem; max-width: 100%; height: auto; border-radius: 4px }`;

const CHINESE = /\p{Script=Han}[\p{Script=Han}\u3000-\u303f\uff00-\uffef]*/gu;
const JAPANESE = /[\p{Script=Hiragana}\p{Script=Katakana}]/u;

/** A text for the page: the Chinese in it is said to be Chinese, so that it is drawn and read out as such. */
function inHtml(text: string): string {
  const escaped = escapeXml(text);
  return JAPANESE.test(text) ? escaped : escaped.replace(CHINESE, '<span lang="zh-Hans">$&</span>');
}

/** A report as an HTML file. */
export function html(title: string, blocks: readonly Block[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>
${STYLE}
</style>
</head>
<body>
${blocks.map(htmlBlock).toSpliced(1, 0, ...contents(blocks)).join("\n")}
</body>
</html>
`;
}

/** A list of the sections, where there are several; it stands behind the title. */
function contents(blocks: readonly Block[]): string[] {
  const sections = blocks.flatMap((block, i) => block.type === "heading" && block.level === 2 ? [{ ...block, i }] : []);
  if (sections.length < 2) return [];
  const items = sections.map(({ text, i }) => `<li><a href="#${anchor(i)}">${inHtml(text)}</a></li>`);
  return [`<nav>\n<ol>\n${items.join("\n")}\n</ol>\n</nav>`];
}

const anchor = (index: number) => `section-${index}`;

function htmlBlock(block: Block, index: number): string {
  switch (block.type) {
    case "heading":
      return `<h${block.level} id="${anchor(index)}">${inHtml(block.text)}</h${block.level}>`;
    case "text":
      return `<p>${inHtml(block.text)}</p>`;
    case "list":
      return `<ul>\n${block.items.map((item) => `<li>${inHtml(item)}</li>`).join("\n")}\n</ul>`;
    case "table": {
      const line = (cells: readonly string[], tag: "th" | "td") =>
        `<tr>${cells.map((cell) => `<${tag}>${inHtml(cell)}</${tag}>`).join("")}</tr>`;
      const body = block.rows.map((row) => line(row, "td")).join("\n");
      return `<div class="wide"><table${block.textual ? ' class="texts"' : ""}>\n<thead>${
        line(block.header, "th")
      }</thead>\n<tbody>\n${body}\n</tbody>\n</table></div>`;
    }
    case "quote":
      return `<p><strong>${inHtml(block.label)}</strong></p>\n<blockquote>${
        inHtml(block.text || NOTHING)
      }</blockquote>`;
    case "figure": {
      // An image would show no values when it is pointed at.
      const file = escapeXml(encodeURI(block.file));
      const image = `<img src="${file}" alt="${escapeXml(block.alt)}">`;
      return `<figure>${block.svg ?? `<object data="${file}" type="image/svg+xml">${image}</object>`}</figure>`;
    }
    default:
      return block satisfies never;
  }
}
