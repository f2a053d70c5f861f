/** PostgreSQL servers for tests: gone after the test file. */
import { after } from "node:test";
import { removeServers } from "./postgres-cluster.ts";

// Of the file, not of the hook or test that starts a server: that one would end it at once.
after(removeServers);

export { noPostgres, PostgresServer } from "./postgres-cluster.ts";
