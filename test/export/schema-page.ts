/** docs/ledger-schema.md, from the definitions that also make the data dictionary: every table, view and column of a ledger. */
import { ledgerViews } from "../../src/export/auditor-views.ts";
import { documentedTables, ledgerTables } from "../../src/export/ledger-tables.ts";
import { ledgerSchemaVersion, oldestSqlite } from "../../src/export/schema.ts";
import type { Column, Table, View } from "../../src/export/table.ts";

/** The whole page; ends with a newline. */
export function ledgerSchemaPage(): string {
  const beside = ledgerTables.filter((table) => !documentedTables.includes(table));
  return `${[
    introduction(),
    "## The six documented tables",
    ...documentedTables.map(tableSection),
    "## Beside them",
    ...beside.map(tableSection),
    "## Views",
    "Each is computed from the rows whenever it is read. The texts of the views are SQL that SQLite, DuckDB and PostgreSQL take alike.",
    ...ledgerViews.map(viewSection),
  ].join("\n\n")}\n`;
}

function introduction(): string {
  return `# The SQL ledger's schema

Made by \`npm run ledger-schema\` from \`src/export\`; the same words stand in every ledger: \`SELECT * FROM data_dictionary\`. Queries for auditors: [auditing.md](auditing.md).

- **Version ${ledgerSchemaVersion}** (\`PRAGMA user_version\`), application id \`0x4155584C\` (\`PRAGMA application_id\`). A ledger of version 4 is brought up to date when a node's export opens it, or by \`aurex-node export --copy NEW.sqlite --ledger OLD.sqlite\`.
- **SQLite ${oldestSqlite} or newer** reads it: the views use WITH. An older one says "malformed database schema". Tried with 3.8.4.3, 3.8.7.4, 3.11.0, 3.15.1, 3.40.1 and 3.53; that 3.8.3 suffices is read from SQLite's release notes.
- **DuckDB** reads tables and views through its extension \`sqlite\` (tried with 1.5.5). **pandas** makes floats of whole numbers in columns with NULLs unless told otherwise: \`pandas.read_sql_query(sql, connection, dtype_backend="numpy_nullable")\`.
- **Source** of a column: *genesis* and *chain* follow from the chain, and \`aurex-node audit\` rebuilds them; *observed* is what a node claimed or when the export saw something; *export* is the file's own.
- **Amounts**: sums belong to \`*_units\`, whole numbers of base units. An amount over 2^63 - 1 does not fit there: then \`*_units\` is NULL and \`*_units_large\` has its digits. \`*_text\` is exact for both. The views' sums are exact beyond that.
- **Names** are those as of the end of the block, in all rows of the block.
- **No column is generated**, and no table is STRICT: each number column has a CHECK that it holds numbers.`;
}

function tableSection(table: Table): string {
  const constraints = table.constraints.map((constraint) => `\`${constraint}\``).join(", ");
  const keys = constraints === "" ? "" : `\n\n${constraints}`;
  return `### ${table.name}\n\n${table.meaning}.${keys}\n\n${columnTable(table.columns)}`;
}

function viewSection({ name, meaning, added }: View): string {
  const whole = /^Every column of (\w+)/.exec(meaning)?.[1];
  const before = whole === undefined ? "" : `All columns of [${whole}](#${whole}), and:\n\n`;
  return `### ${name}\n\n${meaning}.\n\n${before}${columnTable(added)}`;
}

function columnTable(columns: readonly Column[]): string {
  const rows = columns.map(({ name, type, required, meaning, unit, source }) => {
    const cells = [`\`${name}\``, required ? type : `${type}, NULL`, meaning, unit, source];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return ["| column | type | meaning | unit | source |", "|---|---|---|---|---|", ...rows].join("\n");
}
