/** The routes that a server has, as it was built: tells a wrong method from a wrong path, and finds the nearest path. */
import { closest } from "fastest-levenshtein";
import type { FastifyInstance } from "fastify";
import { ApiError } from "./api-error.ts";

interface ServedPath {
  readonly matches: RegExp;
  readonly methods: Set<string>;
}

/** Has to be called before the first route is added. */
export function listRoutes(app: FastifyInstance): RouteList {
  const paths = new Map<string, ServedPath>();
  app.addHook("onRoute", ({ url, method }) => {
    const path = paths.get(url) ?? { matches: pattern(url), methods: new Set() };
    paths.set(url, path);
    for (const each of [method].flat()) path.methods.add(each);
  });
  return new RouteList(paths);
}

export class RouteList {
  readonly #paths: ReadonlyMap<string, ServedPath>;

  constructor(paths: ReadonlyMap<string, ServedPath>) {
    this.#paths = paths;
  }

  /** Why nothing answers: the path is known with other methods (405, with `Allow`), or not at all (404). */
  refusal(method: string, url: string): ApiError {
    const path = pathOf(url);
    const methods = [...this.#paths.values()].flatMap(({ matches, methods }) =>
      matches.test(path) ? [...methods] : [],
    );
    return methods.length > 0 ? methodRefused(method, path, methods) : this.#unknown(method, path);
  }

  /** 405, if this very path, without parameters, is a route by other methods only. */
  otherMethod(method: string, url: string): ApiError | undefined {
    const path = pathOf(url);
    const methods = this.#paths.get(path)?.methods;
    return methods && !methods.has(method) ? methodRefused(method, path, [...methods]) : undefined;
  }

  #unknown(method: string, path: string): ApiError {
    // Nobody who mistypes a path means a file of the page.
    const routes = [...this.#paths].filter(([url]) => !url.startsWith("/assets/"));
    const known = routes.map(([url, { methods }]) => `${[...methods][0]} ${readable(url)}`);
    return new ApiError(
      404,
      "api/route-unknown",
      `${method} ${path} is no route`,
      `the nearest is ${closest(`${method} ${path}`, known)}; GET /openapi.json describes all`,
    );
  }
}

function methodRefused(method: string, path: string, methods: string[]): ApiError {
  const allow = [...new Set(methods)].sort().join(", ");
  return new ApiError(405, "api/method", `${method} is no method of ${path}`, `use ${allow}`, undefined, {
    allow,
  });
}

const pathOf = (url: string) => url.replace(/[?#].*$/s, "");

const pattern = (url: string) =>
  new RegExp(`^${url.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&").replaceAll(/:\w+/g, "[^/]+")}$`);

const readable = (url: string) => url.replaceAll(/:(\w+)/g, "{$1}");
