/** Serves the page: the files that the build made of `src/web`, each at its own address and with a strict policy. */
import { existsSync } from "node:fs";
import path from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { ApiError } from "../api-error.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** A file of the page, and no route of the API. */
    readonly isPageFile?: boolean;
  }
}

export interface PageOptions {
  /** Where the build put the page's files. */
  readonly directory?: string;
  /** The page of the demo, which has a lab, instead of a node's. */
  readonly isLab?: boolean;
}

/**
 * All from the node itself and nothing inline, so that a text that got into the page as markup could neither run nor
 * send anything away. `data:` is for QR codes.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types aurex",
].join("; ");

/** A worker has the policy of its own file, so every file has it. */
export const pageHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": policy,
  "cross-origin-opener-policy": "same-origin",
};

/** The same from `dist/`, where this file is one level deeper, and from the project's own tree. */
const builtPage = path.join(
  import.meta.dirname,
  import.meta.filename.endsWith(".ts") ? "../../../dist/web" : "../../web",
);

/** Names in `assets/` hold a hash of what is in them, so what has such a name never changes. */
const assetsMaxAge = "public, max-age=31536000, immutable";

/** Adds the routes of the page; without built files, one that says how they are built. */
export function addPageRoutes(
  app: FastifyInstance,
  { directory = builtPage, isLab = false }: PageOptions = {},
): void {
  const first = isLab ? "lab.html" : "index.html";
  if (!existsSync(path.join(directory, first))) {
    app.get("/", async () => {
      throw new ApiError(
        404,
        "api/page-missing",
        "the page of this node was not built",
        "run npm run build, then start the node again; the API is described at /openapi.json",
      );
    });
    return;
  }
  app.register(async (files) => {
    files.addHook("onRoute", (route) => {
      route.config = { ...route.config, isPageFile: true };
    });
    await files.register(fastifyStatic, {
      root: directory,
      index: false,
      // A route for each file that is there, so that all other paths keep the API's own 404.
      wildcard: false,
      preCompressed: true,
      globIgnore: ["**/*.br", "**/*.gz", "**/*.html", "**/.*"],
      cacheControl: false,
      setHeaders(reply, file) {
        reply.headers(pageHeaders);
        reply.header(
          "cache-control",
          file.includes(`${path.sep}assets${path.sep}`) ? assetsMaxAge : "no-cache",
        );
      },
    });
    files.get("/", (_request, reply) => reply.sendFile(first));
  });
}
