/** What own-thread.test.ts calls. */
import { executionAsyncId } from "node:async_hooks";

export function sum(one: number, other: number): number {
  return one + other;
}

export async function refuse(why: string): Promise<never> {
  await Promise.resolve();
  throw new Error(why);
}

export async function numberAfterPromise(): Promise<number> {
  await Promise.resolve();
  return executionAsyncId();
}
