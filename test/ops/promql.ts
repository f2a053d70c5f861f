/** Reads PromQL expressions: which metrics and labels they name, what they do with them, and which labels the result has. */
import type { SyntaxNode } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";

export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
  /** The function that is given the values over a time; undefined if there is none. */
  readonly overTime: string | undefined;
  /** Functions and aggregations around it, from the inside out. */
  readonly around: readonly string[];
}

export interface Reading {
  readonly selectors: readonly Selector[];
  /** In by, without, on, ignoring and group_left or group_right. */
  readonly groupedBy: readonly string[];
  /** `histogram_quantile` over an aggregation that drops the bounds of the buckets has no result. */
  readonly dropsBuckets: boolean;
  /** What the result is told apart by; `all` if nothing takes labels away. */
  readonly labels: ReadonlySet<string> | "all";
}

/** @throws SyntaxError if it is no PromQL */
export function readPromQl(expression: string): Reading {
  const top = parser.parse(expression).topNode;
  const textOf = (node: SyntaxNode) => expression.slice(node.from, node.to);
  const selectors: Selector[] = [];
  const groupedBy: string[] = [];
  let dropsBuckets = false;
  top.cursor().iterate(({ node }) => {
    if (node.type.isError) throw new SyntaxError(`no PromQL at ${node.from}: ${expression}`);
    if (node.name === "VectorSelector") selectors.push(selectorOf(node, textOf));
    if (node.name === "GroupingLabels") groupedBy.push(...node.getChildren("LabelName").map(textOf));
    if (node.name === "FunctionCall" && functionOf(node, textOf) === "histogram_quantile") {
      const labels = labelsOf(argumentsOf(node).at(-1), textOf);
      if (labels !== "all" && !labels.has("le")) dropsBuckets = true;
    }
  });
  return { selectors, groupedBy, dropsBuckets, labels: labelsOf(top.firstChild, textOf) };
}

type TextOf = (node: SyntaxNode) => string;

function selectorOf(node: SyntaxNode, textOf: TextOf): Selector {
  const name = node.getChild("Identifier");
  if (!name) throw new SyntaxError(`a selector without a metric: ${textOf(node)}`);
  const matchers = (node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? []).map((one) => {
    const [label, operator, value] = ["LabelName", "MatchOp", "StringLiteral"].map((kind) =>
      textOf(one.getChild(kind) as SyntaxNode),
    ) as [string, string, string];
    return { label, operator, value: value.slice(1, -1) };
  });
  const around: string[] = [];
  let overTime: string | undefined;
  for (let outer = node.parent; outer; outer = outer.parent) {
    const called = outer.name === "FunctionCall" ? functionOf(outer, textOf) : undefined;
    if (called && around.length === 0 && node.parent?.name === "MatrixSelector") overTime = called;
    if (called) around.push(called);
    if (outer.name === "AggregateExpr") around.push(textOf(outer.getChild("AggregateOp") as SyntaxNode));
  }
  return { metric: textOf(name), matchers, overTime, around };
}

function functionOf(call: SyntaxNode, textOf: TextOf): string {
  return textOf(call.getChild("FunctionIdentifier") as SyntaxNode);
}

function argumentsOf(call: SyntaxNode): SyntaxNode[] {
  const body = call.getChild("FunctionCallBody");
  const found: SyntaxNode[] = [];
  for (let child = body?.firstChild; child; child = child.nextSibling) found.push(child);
  return found;
}

function labelsOf(node: SyntaxNode | null | undefined, textOf: TextOf): Reading["labels"] {
  if (!node) return new Set();
  const inner = () => labelsOf(node.firstChild, textOf);
  switch (node.name) {
    case "AggregateExpr": {
      const modifier = node.getChild("AggregateModifier");
      const names = modifier?.getChild("GroupingLabels")?.getChildren("LabelName").map(textOf) ?? [];
      if (modifier?.getChild("Without")) throw new SyntaxError("labels of `without` are not known: use by");
      return new Set(names);
    }
    case "FunctionCall": {
      const labels = argumentsOf(node)
        .map((one) => labelsOf(one, textOf))
        .find((one) => one === "all" || one.size > 0);
      return labels ?? new Set();
    }
    case "BinaryExpr": {
      const [left, right] = [node.firstChild, node.lastChild].map((side) => labelsOf(side, textOf));
      if (isConstant(node.firstChild) || node.getChild("MatchingModifierClause")?.getChild("GroupRight")) {
        return right ?? "all";
      }
      return left ?? "all";
    }
    case "VectorSelector":
    case "MatrixSelector":
      return "all";
    case "ParenExpr":
    case "SubqueryExpr":
    case "UnaryExpr":
      return node.name === "UnaryExpr" ? labelsOf(node.lastChild, textOf) : inner();
    default:
      return new Set();
  }
}

/** Has no series in it, so that the other side's labels are those of the result. */
function isConstant(node: SyntaxNode | null): boolean {
  let hasSeries = false;
  node?.cursor().iterate(({ name }) => {
    if (name === "VectorSelector") hasSeries = true;
  });
  return !hasSeries;
}
