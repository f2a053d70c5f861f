/** The figures as one text table. */
import { textTable } from "../src/base/text-table.ts";
import { type Figure, ratioOf } from "./measure.ts";

export function figureTable(figures: readonly Figure[]): string {
  return textTable(
    ["figure", "measured", "unit", "limit", "the limit is", "ratio", "aim"],
    figures.map((figure) => [
      figure.name,
      shown(figure.value),
      figure.unit,
      figure.limit ? shown(figure.limit.value) : "",
      figure.limit?.meaning ?? "",
      ratioOf(figure)?.toFixed(2) ?? "",
      aimText(figure),
    ]),
  );
}

function shown(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3);
}

/** The aim and whether it was reached; nothing fails where it was not. */
function aimText(figure: Figure): string {
  const ratio = ratioOf(figure);
  const { aim } = figure;
  if (!aim || ratio === undefined) return "";
  const [text, isReached] =
    "above" in aim ? [`> ${aim.above}`, ratio > aim.above] : [`< ${aim.below}`, ratio < aim.below];
  return `${text} ${isReached ? "reached" : "missed"}`;
}
