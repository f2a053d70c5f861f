/** A bar chart as SVG inside a page: no script, readable on paper, and said in words to whoever cannot see it. */
import { type Html, html } from "../../base/html.ts";

export interface Bar {
  /** Start of its time span, e.g. "2026-11-26". */
  readonly label: string;
  /** Only how high it is drawn: exact figures stand in text. */
  readonly value: number;
  /** The exact value in words. */
  readonly text: string;
}

const [width, height, top, bottom] = [320, 130, 14, 18];

/** @param title what the bars count, e.g. "Blocks per day" */
export function barChart(title: string, bars: readonly Bar[]): Html {
  const highest = bars.reduce((best, bar) => (bar.value > best.value ? bar : best), bars[0] ?? noBar);
  const room = height - top - bottom;
  const step = width / Math.max(1, bars.length);
  const scale = highest.value > 0 ? room / highest.value : 0;
  const said = `${title}: ${bars.length} bars from ${bars[0]?.label ?? "nowhere"} to ${bars.at(-1)?.label ?? "nowhere"}, the highest is ${highest.text} (${highest.label})`;
  return html`<figure><figcaption>${title}</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${said}">
<text x="0" y="10">${highest.text}</text>
${bars.map((bar, index) => barOf(bar, index, step, scale))}
<line class="axis" x1="0" x2="${width}" y1="${height - bottom}" y2="${height - bottom}"/>
<text x="0" y="${height - 4}">${bars[0]?.label}</text>
<text x="${width}" y="${height - 4}" text-anchor="end">${bars.length > 1 ? bars.at(-1)?.label : ""}</text>
</svg></figure>`;
}

const noBar: Bar = { label: "nothing", value: 0, text: "0" };

function barOf({ label, value, text }: Bar, index: number, step: number, scale: number): Html {
  const drawn = Number.isFinite(value) && value > 0 ? Math.max(1, value * scale) : 0;
  const [x, y] = [index * step + step * 0.1, height - bottom - drawn];
  return html`<rect class="bar" x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${(step * 0.8).toFixed(1)}" height="${drawn.toFixed(1)}"><title>${label}: ${text}</title></rect>
`;
}
