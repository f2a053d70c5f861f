/** A bare Fastify server that answers each path with the bytes it was told: the limit of what a node's API can do. */
import fastify from "fastify";

/** From the parent: what to answer. Back: where it listens. */
export interface BareAnswers {
  readonly answers: readonly { readonly path: string; readonly type: string; readonly body: Uint8Array }[];
}

process.once("message", async ({ answers }: BareAnswers) => {
  const byPath = new Map(answers.map(({ path, type, body }) => [path, { type, body: Buffer.from(body) }]));
  const app = fastify();
  app.get("/*", (request, reply) => {
    const answer = byPath.get(request.url);
    if (!answer) return reply.status(404).send();
    return reply.header("content-type", answer.type).send(answer.body);
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  process.send?.({ url });
});
process.once("disconnect", () => process.exit(0));
