// What all plots have: light and dark, labels in the reader's language, values on pointing at them.

/** A text in both languages. */
export interface Words {
  readonly en: string;
  readonly zh: string;
}

/** Browsers compare languages by the letter, some of them the first part alone. */
const CHINESE = "zh, zh-CN, zh-TW, zh-HK, zh-SG, zh-Hans, zh-Hant";

/** No variables: programs other than browsers do not know them. Every rule is for plots alone, since some lie in a page. */
const STYLE = `.plot { font: 13px system-ui, sans-serif; fill: #333 }
.plot .paper { fill: #fff }
.plot .grid { stroke: #ddd }
.plot .whisker { stroke: #212529; stroke-width: 1.5 }
.plot .line { fill: none; stroke-width: 2.5; stroke-linejoin: round }
.plot .raw { stroke-width: 1; stroke-opacity: .45 }
.plot .line.one { stroke: #1971c2 }
.plot .line.two { stroke: #d9480f }
.plot .one:not(.line) { fill: #1971c2 }
.plot .two:not(.line) { fill: #d9480f }
.plot .base { fill: #868e96 }
.plot .spot { fill: transparent }
.plot .spot:hover { fill: #8884 }
@media (prefers-color-scheme: dark) {
.plot { fill: #d5d8dc }
.plot .paper { fill: #1d2024 }
.plot .grid { stroke: #3a3f46 }
.plot .whisker { stroke: #f1f3f5 }
.plot .raw { stroke-opacity: .6 }
.plot .line.one { stroke: #4dabf7 }
.plot .line.two { stroke: #ff922b }
.plot .one:not(.line) { fill: #4dabf7 }
.plot .two:not(.line) { fill: #ff922b }
.plot .base { fill: #909aa4 }
}`;

/** A plot as an SVG text with its own background; `parts` are its elements, from the back to the front. */
export function plot([width, height]: readonly [number, number], title: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-label="${
    escapeXml(title)
  }">
<style>${STYLE}</style>
<rect class="paper" width="100%" height="100%"/>
${parts.filter((part) => part !== "").join("\n")}
</svg>
`;
}

/** A label: one text, or that of the reader's language. */
export function label(words: string | Words, attributes: string): string {
  if (typeof words === "string") return `<text ${attributes}>${escapeXml(words)}</text>`;
  return `<switch><text systemLanguage="${CHINESE}" ${attributes}>${escapeXml(words.zh)}</text>` +
    `<text ${attributes}>${escapeXml(words.en)}</text></switch>`;
}

/** What is shown of an element when it is pointed at, to be put into it. */
export function hint(text: string): string {
  return `<title>${escapeXml(text)}</title>`;
}

/** Round numbers that divide a range into about `count` parts. */
export function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low || 1) / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((factor) => unit * factor >= rough)!;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from(
    { length: Math.floor(high / step + 1e-9) - first + 1 },
    (_, i) => Number(((first + i) * step).toPrecision(6)),
  );
}

/** Escapes whatever XML or HTML would take for markup. */
export function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
