/** How many connections an HTTP server keeps, and which of them goes when there is no room for a new one. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type ClientAddress, clientAddress, isOwnMachine } from "./client-address.ts";

export interface ConnectionShares {
  readonly all: number;
  /** Of all other machines together. */
  readonly others: number;
  /** Of one address of another machine. */
  readonly perAddress: number;
}

/** Three quarters for other machines together, half for one of their addresses. */
export function sharesOf(connectionsMax: number): ConnectionShares {
  return {
    all: connectionsMax,
    others: Math.ceil((connectionsMax * 3) / 4),
    perAddress: Math.ceil(connectionsMax / 2),
  };
}

interface Connection {
  readonly socket: Socket;
  readonly address: ClientAddress;
  /** The newest request on it. */
  request: IncomingMessage | undefined;
  response: ServerResponse | undefined;
}

/**
 * Keeps a server's connections within the shares. If all are taken, the oldest connection that has not sent a whole
 * request goes, else the oldest on which no answer is under way. So another user of this machine who opens connections,
 * or sends heads and bodies slowly, does not keep the operator out. A connection that is being answered stays.
 *
 * If more than half are taken, each answer is the last on its connection, and says so. Else a client that asks for 200 things
 * at once keeps 200 idle connections, fills the rest with its next 200, and finds some closed before they were read.
 */
export function limitConnections(server: Server, shares: ConnectionShares): void {
  // By address and port of the other end: with TLS a request has another socket than the connection.
  const open = new Map<string, Connection>();
  const counts = new Map<ClientAddress, number>();
  const count = (address: ClientAddress, by: number) => {
    const sum = (counts.get(address) ?? 0) + by;
    if (sum > 0) counts.set(address, sum);
    else counts.delete(address);
  };
  let others = 0;
  server.on("connection", (socket) => {
    const address = clientAddress(socket);
    const isOther = !isOwnMachine(address);
    const isOver = isOther && (others >= shares.others || (counts.get(address) ?? 0) >= shares.perAddress);
    if (isOver || (open.size >= shares.all && !makeRoom(open))) {
      socket.destroy();
      return;
    }
    const name = nameOf(socket);
    open.set(name, { socket, address, request: undefined, response: undefined });
    count(address, 1);
    if (isOther) others += 1;
    socket.once("close", () => {
      // One that had to make room is gone from the table already, and another may have its name.
      if (open.get(name)?.socket === socket) open.delete(name);
      count(address, -1);
      if (isOther) others -= 1;
    });
  });
  // Before the server's own listener, which may answer at once.
  server.prependListener("request", (request, response) => {
    if (open.size > shares.all / 2) response.setHeader("connection", "close");
    const connection = open.get(nameOf(request.socket));
    if (!connection) return;
    connection.request = request;
    connection.response = response;
  });
}

function makeRoom(open: Map<string, Connection>): boolean {
  const connections = [...open];
  const found =
    connections.find(([, { request }]) => !request?.complete) ??
    connections.find(([, { response }]) => response?.writableFinished);
  if (!found) return false;
  const [name, { socket }] = found;
  open.delete(name);
  socket.destroy();
  return true;
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
