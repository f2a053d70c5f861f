/** A chart: drawn by uPlot, read point by point with the arrow keys, told in one sentence, and there as a table. */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Plot, PlotContent } from "./chart-plot.ts";
import {
  type ChartGuide,
  type ChartPlace,
  type ChartSeries,
  placeAfterKey,
  pointText,
  summaryText,
} from "./chart-reading.ts";
import { EmptyState } from "./empty-state.tsx";
import "./chart.css";

export interface ChartProps {
  /** Read aloud; a card's title may say the same. */
  readonly title: string;
  /** Rising: heights of blocks, or with `isTime` milliseconds since 1970. */
  readonly x: readonly number[];
  /** A place on the x axis in words, e.g. "block 12". Default: the time, or "block" and the number. */
  readonly xText?: (value: number) => string;
  readonly isTime?: boolean;
  /** The first one's format is that of the y axis. All have the same unit. */
  readonly series: readonly ChartSeries[];
  readonly guides?: readonly ChartGuide[];
  /** The y axis counts things: there are no halves between its numbers. */
  readonly isCount?: boolean;
  /** False: the y axis begins near the lowest value. */
  readonly fromZero?: boolean;
  /** In the place of a chart while there are fewer than two points. */
  readonly empty?: string;
}

/** Rows of the table, newest first: more than people read. */
const tableRowsMax = 50;
const height = 200;

export function Chart(props: ChartProps) {
  const { title, x, series, guides = [], empty = "There is nothing to draw so far." } = props;
  if (x.length < 2) return <EmptyState>{empty}</EmptyState>;
  return (
    <figure class="chart">
      <Drawing {...props} key={shapeOf(props)} />
      <figcaption>
        <span class="unseen">
          {title}. {summaryText(series, guides)}
        </span>
        {series.length + guides.length > 1 && <Legend series={series} guides={guides} />}
        <Numbers {...props} />
      </figcaption>
    </figure>
  );
}

/** What cannot change in a drawing that is there. */
function shapeOf({ isTime, isCount, series }: ChartProps): string {
  return JSON.stringify([isTime, isCount, series.map(({ name, kind, mark }) => [name, kind, mark])]);
}

function Drawing(props: ChartProps) {
  const { title, x, series } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(null);
  const [place, setPlace] = useState<ChartPlace>();
  const [fault, setFault] = useState<string>();
  const readout = useId();
  const content = contentOf(props);
  const latest = useRef(content);
  latest.current = content;
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    let isOver = false;
    let observer: ResizeObserver | undefined;
    const sizeOf = () => ({ width: Math.max(1, element.clientWidth), height });
    const draw = async () => {
      const { makePlot } = await import("./chart-plot.ts");
      if (isOver) return;
      plot.current = makePlot(element, latest.current, sizeOf(), setPlace);
      observer = new ResizeObserver(() => plot.current?.resize(sizeOf().width, sizeOf().height));
      observer.observe(element);
    };
    draw().catch((thrown: unknown) => {
      if (!isOver) setFault(String(thrown));
    });
    return () => {
      isOver = true;
      observer?.disconnect();
      plot.current?.remove();
      plot.current = null;
    };
  }, []);
  // A pointer that moves draws this anew, and has changed nothing that is plotted.
  useEffect(() => plot.current?.update(latest.current), [x, series, props.guides]);
  const shown = Math.min(place ?? x.length - 1, x.length - 1);
  const text = pointText(xTextOf(props)(x[shown] as number), series, shown);
  const pressed = (event: KeyboardEvent) => {
    const next = placeAfterKey(event.key, place, x.length);
    if (next === "elsewhere") return;
    event.preventDefault();
    setPlace(next);
    plot.current?.mark(next);
  };
  const left = () => {
    setPlace(undefined);
    plot.current?.mark(undefined);
  };
  if (fault !== undefined) return <EmptyState>The chart cannot be drawn: {fault}</EmptyState>;
  return (
    <>
      {/* As a slider: screen readers then read each point that the arrow keys lead to. */}
      <div
        class="chart-drawing"
        ref={host}
        role="slider"
        tabIndex={0}
        aria-label={`${title}, point by point`}
        aria-valuemin={0}
        aria-valuemax={x.length - 1}
        aria-valuenow={shown}
        aria-valuetext={text}
        aria-describedby={readout}
        onKeyDown={pressed}
        onBlur={left}
      />
      <div class="chart-readout" id={readout}>
        {text}
      </div>
    </>
  );
}

function contentOf({
  x,
  isTime = false,
  series,
  guides = [],
  isCount = false,
  fromZero = true,
}: ChartProps): PlotContent {
  return { x, isTime, series, guides, isCount, fromZero };
}

function xTextOf({ xText, isTime }: ChartProps): (value: number) => string {
  if (xText) return xText;
  return isTime
    ? (ms) => new Date(ms).toLocaleTimeString([], { hourCycle: "h23" })
    : (value) => `block ${value}`;
}

function Legend({ series, guides }: { series: readonly ChartSeries[]; guides: readonly ChartGuide[] }) {
  return (
    <ul class="chart-legend" aria-hidden="true">
      {series.map(({ name, mark = 1 }) => (
        <li key={name}>
          <span class="chart-swatch" style={{ background: `var(--mark-${mark})` }} />
          {name}
        </li>
      ))}
      {guides.map(({ name }) => (
        <li key={name}>
          <span class="chart-swatch guide" />
          {name}
        </li>
      ))}
    </ul>
  );
}

function Numbers(props: ChartProps) {
  const { title, x, series } = props;
  const [isOpen, setOpen] = useState(false);
  const places = x
    .map((_, place) => place)
    .slice(-tableRowsMax)
    .reverse();
  const xText = xTextOf(props);
  return (
    <details class="chart-numbers" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {isOpen && (
        <div class="chart-rows">
          <table class="table">
            <caption class="unseen">{title}</caption>
            <thead>
              <tr>
                <th scope="col">{props.isTime ? "Time" : "Block"}</th>
                {series.map(({ name }) => (
                  <th key={name} scope="col" class="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {places.map((place) => (
                <tr key={x[place]}>
                  <td>{xText(x[place] as number)}</td>
                  {series.map(({ name, values, format }) => {
                    const value = values[place];
                    return (
                      <td key={name} class="number">
                        {value === null || value === undefined ? "" : format(value)}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
          {x.length > tableRowsMax && (
            <p class="soft small">
              The newest {tableRowsMax} of {x.length}.
            </p>
          )}
        </div>
      )}
    </details>
  );
}
