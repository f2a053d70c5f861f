# Runs queries on a ledger as docs/auditing.md shows it: a JSON list of queries in, each result's rows as text out.
import json
import sqlite3
import sys

import pandas

connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
results = []
for query in json.load(sys.stdin):
    table = pandas.read_sql_query(query, connection, dtype_backend="numpy_nullable")
    rows = table.astype(object).values.tolist()
    results.append([["" if pandas.isna(value) else str(value) for value in row] for row in rows])
json.dump(results, sys.stdout)
