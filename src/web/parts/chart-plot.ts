/** uPlot for the page: colours by the tokens of the moment, touch, and a point that keys choose. Loaded when a chart is drawn. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { ChartGuide, ChartSeries } from "./chart-reading.ts";

export interface PlotContent {
  /** Rising: heights, or milliseconds. */
  readonly x: readonly number[];
  readonly isTime: boolean;
  readonly series: readonly ChartSeries[];
  readonly guides: readonly ChartGuide[];
  /** There are no halves between the numbers of the y axis. */
  readonly isCount: boolean;
  /** The y axis begins at 0. */
  readonly fromZero: boolean;
}

export interface Plot {
  /** The same series with other values. */
  update(content: PlotContent): void;
  resize(width: number, height: number): void;
  /** Marks a point; undefined: none. */
  mark(place: number | undefined): void;
  remove(): void;
}

const msPerSecond = 1_000;
const axisSizeMin = 28;
const axisGap = 14;
/** At least between two ticks of the x axis, so that their texts do not meet. */
const [timeTickPx, heightTickPx] = [72, 56];
const barWidth = 0.8;
const barPxMax = 28;

/**
 * Draws into an element.
 *
 * @param onPoint told which point the pointer is at; undefined: it has left
 */
export function makePlot(
  host: HTMLElement,
  first: PlotContent,
  size: { readonly width: number; readonly height: number },
  onPoint: (place: number | undefined) => void,
): Plot {
  let content = first;
  const token = (name: string) => getComputedStyle(host).getPropertyValue(name).trim();
  const font = `12px ${token("--font")}`;
  /** The pointer is what moved, not a key or an update. */
  let isOwnMove = false;

  const plot = new uPlot(
    {
      ...size,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { size: 8 } },
      scales: {
        x: { time: first.isTime, range: (_, low, high) => xRange(low, high, content) },
        y: { range: (_, low, high) => yRange(low, high, content) },
      },
      axes: [
        {
          ...axisLook(token, font),
          space: first.isTime ? timeTickPx : heightTickPx,
          values: (_, splits) => splits.map((value) => xTick(value, splits, first.isTime)),
          ...(first.isTime ? {} : { incrs: wholeSteps }),
        },
        {
          ...axisLook(token, font),
          size: (self, values) => axisSize(self, values, font),
          values: (_, splits) => splits.map((value) => first.series[0]?.format(value) ?? ""),
          ...(first.isCount ? { incrs: wholeSteps } : {}),
        },
      ],
      series: [{}, ...first.series.map((series) => seriesLook(series, token))],
      hooks: {
        setCursor: [(self) => isOwnMove || onPoint(self.cursor.idx ?? undefined)],
        draw: [(self) => drawGuides(self, content.guides, token)],
      },
    },
    columnsOf(first),
    host,
  );

  /** A finger moves the point as a mouse does; up and down it still moves the page. */
  const touched = (event: PointerEvent) => {
    if (event.pointerType === "mouse") return;
    const box = plot.over.getBoundingClientRect();
    plot.setCursor({ left: event.clientX - box.left, top: event.clientY - box.top });
  };
  plot.over.addEventListener("pointerdown", touched);
  plot.over.addEventListener("pointermove", touched);

  const recolour = () => plot.redraw(false);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", recolour);
  const chosen = new MutationObserver(recolour);
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });

  return {
    update(next) {
      content = next;
      isOwnMove = true;
      plot.setData(columnsOf(next));
      isOwnMove = false;
    },
    resize: (width, height) => plot.setSize({ width, height }),
    mark(place) {
      const value = place === undefined ? undefined : plot.data[0][place];
      isOwnMove = true;
      plot.setCursor(
        value === undefined ? { left: -1, top: -1 } : { left: plot.valToPos(value, "x"), top: 0 },
      );
      isOwnMove = false;
    },
    remove() {
      dark.removeEventListener("change", recolour);
      chosen.disconnect();
      plot.destroy();
    },
  };
}

type Token = (name: string) => string;

function axisLook(token: Token, font: string): uPlot.Axis {
  return {
    font,
    stroke: () => token("--text-soft"),
    grid: { stroke: () => token("--line"), width: 1 },
    ticks: { show: false },
    gap: 6,
    size: 26,
  };
}

function seriesLook({ kind = "line", mark = 1 }: ChartSeries, token: Token): uPlot.Series {
  const colour = () => token(`--mark-${mark}`);
  if (kind === "bars") {
    const bars = uPlot.paths.bars?.({ size: [barWidth, barPxMax] });
    return { fill: colour, width: 0, points: { show: false }, ...(bars ? { paths: bars } : {}) };
  }
  const stepped = kind === "steps" ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  return {
    stroke: colour,
    width: 1.75,
    points: { show: false },
    spanGaps: false,
    ...(stepped ? { paths: stepped } : {}),
  };
}

function columnsOf({ x, isTime, series }: PlotContent): uPlot.AlignedData {
  const values = series.map((each) => [...each.values]);
  return [isTime ? x.map((ms) => ms / msPerSecond) : [...x], ...values] as uPlot.AlignedData;
}

/** Bars at the edges are whole. */
function xRange(low: number, high: number, { series, x }: PlotContent): uPlot.Range.MinMax {
  if (low === high) return [low - 1, high + 1];
  const hasBars = series.some(({ kind }) => kind === "bars");
  const half = hasBars && x.length > 1 ? (high - low) / (x.length - 1) / 2 : 0;
  return [low - half, high + half];
}

/** The guides are in the picture, too, and nothing touches the edge. */
function yRange(low: number | null, high: number | null, content: PlotContent): uPlot.Range.MinMax {
  const guides = content.guides.map(({ value }) => value);
  const top = Math.max(high ?? 0, ...guides);
  const bottom = content.fromZero ? 0 : Math.min(low ?? 0, ...guides);
  const room = (top - bottom) * 0.08 || Math.abs(top) * 0.1 || 1;
  return [content.fromZero ? 0 : bottom - room, top + room];
}

/** Between two ticks of heights: whole numbers alone. */
const wholeSteps = [1, 2, 5]
  .flatMap((digit) => Array.from({ length: 9 }, (_, power) => digit * 10 ** power))
  .sort((a, b) => a - b);

function xTick(value: number, splits: readonly number[], isTime: boolean): string {
  if (!isTime) return String(value);
  const [one = 0, two = 0] = splits;
  const hasSeconds = two - one < 60;
  return new Date(value * msPerSecond).toLocaleTimeString([], {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    ...(hasSeconds ? { second: "2-digit" } : {}),
  });
}

/** As wide as the longest text of the axis. */
function axisSize(self: uPlot, values: readonly string[] | null, font: string): number {
  if (!values) return axisSizeMin;
  const { ctx } = self;
  ctx.save();
  ctx.font = font;
  const widths = values.map((text) => ctx.measureText(text ?? "").width);
  ctx.restore();
  return Math.ceil(Math.max(axisSizeMin, ...widths.map((width) => width + axisGap)));
}

function drawGuides(self: uPlot, guides: readonly ChartGuide[], token: Token): void {
  const { ctx, bbox } = self;
  for (const { value } of guides) {
    const y = Math.round(self.valToPos(value, "y", true));
    ctx.save();
    ctx.strokeStyle = token("--text-soft");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}
