/** The schema, data dictionary and README of a ledger file as this program knows them: data that `npm run shipped-schema` writes. */
import { readFileSync } from "node:fs";
import { type ShippedObject, shippedObjectsOf } from "./shipped-object.ts";

const schema = readFileSync(new URL("../../config/ledger-schema.sql", import.meta.url), "utf8");

export const shippedApplicationId = pragma("application_id");
export const shippedVersion = pragma("user_version");
export const shippedObjects: readonly ShippedObject[] = shippedObjectsOf(schema.slice(schema.indexOf("-- ")));

/** Table, column, meaning, unit and source, each behind a tab but the first. */
export const shippedDictionary = linesOf(new URL("../../config/ledger-dictionary.tsv", import.meta.url));

/** The number of the line, a tab, and the line. */
export const shippedReadme = linesOf(new URL("../../config/ledger-readme.tsv", import.meta.url));

function pragma(name: string): number {
  return Number(new RegExp(`^PRAGMA ${name} = (\\d+);$`, "m").exec(schema)?.[1]);
}

function linesOf(file: URL): readonly string[] {
  return readFileSync(file, "utf8").trimEnd().split("\n");
}
