/** The curve of Ed25519 in plain BigInt arithmetic (RFC 8032 section 5.1): slow, and independent of every library. */
import { createHash } from "node:crypto";

export const fieldPrime = 2n ** 255n - 19n;
export const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

/** A point by affine coordinates. */
export interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

export const identity: Point = { x: 0n, y: 1n };

function modulo(value: bigint, modulus: bigint = fieldPrime): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = modulo(base);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = modulo(result * square);
    square = modulo(square * square);
  }
  return result;
}

function inverse(value: bigint): bigint {
  return power(value, fieldPrime - 2n);
}

const d = modulo(-121665n * inverse(121666n));
const squareRootOfMinusOne = power(2n, (fieldPrime - 1n) / 4n);

export function add(left: Point, right: Point): Point {
  const product = modulo(d * left.x * right.x * left.y * right.y);
  return {
    x: modulo((left.x * right.y + right.x * left.y) * inverse(1n + product)),
    y: modulo((left.y * right.y + left.x * right.x) * inverse(1n - product)),
  };
}

export function multiply(scalar: bigint, point: Point): Point {
  let result = identity;
  let double = point;
  for (let left = scalar; left > 0n; left >>= 1n) {
    if (left & 1n) result = add(result, double);
    double = add(double, double);
  }
  return result;
}

/** The point with this y and this sign of x; undefined where the curve has none. A y over p is taken modulo p. */
function pointOf(y: bigint, isOdd: boolean): Point | undefined {
  const ySquare = modulo(y * y);
  const xSquare = modulo((ySquare - 1n) * inverse(d * ySquare + 1n));
  let x = power(xSquare, (fieldPrime + 3n) / 8n);
  if (modulo(x * x) !== xSquare) x = modulo(x * squareRootOfMinusOne);
  if (modulo(x * x) !== xSquare) return undefined;
  return { x: (x & 1n) === (isOdd ? 1n : 0n) ? x : modulo(-x), y: modulo(y) };
}

export const basePoint = pointOf(modulo(4n * inverse(5n)), false) as Point;

export function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}

export function toLittleEndian(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse());
}

export function encodePoint({ x, y }: Point): Uint8Array {
  return toLittleEndian(y | ((x & 1n) << 255n));
}

/** The y as encoded, which may be over p, and the point. */
export function decodePoint(bytes: Uint8Array): { y: bigint; point: Point | undefined } {
  const encoded = fromLittleEndian(bytes);
  const y = encoded & (2n ** 255n - 1n);
  return { y, point: pointOf(y, encoded >> 255n === 1n) };
}

/** The eight points whose order divides 8, from the first y whose point has a part of order 8. */
export function smallOrderPoints(): Point[] {
  for (let y = 2n; ; y += 1n) {
    const point = pointOf(y, false);
    const torsion = point === undefined ? identity : multiply(groupOrder, point);
    const points = [identity];
    for (let next = torsion; next.x !== 0n || next.y !== 1n; next = add(next, torsion)) points.push(next);
    if (points.length === 8) return points;
  }
}

/** SHA-512(R ‖ A ‖ M) modulo L. */
export function challenge(encodedR: Uint8Array, publicKey: Uint8Array, message: Uint8Array): bigint {
  const digest = createHash("sha512").update(encodedR).update(publicKey).update(message).digest();
  return modulo(fromLittleEndian(digest), groupOrder);
}

/** The protocol's rule from its text: canonical A and R, neither of small order, S < L, and [S]B = R + [k]A. */
export function verifyByTheText(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const encodedR = signature.subarray(0, 32);
  const s = fromLittleEndian(signature.subarray(32));
  const [a, r] = [decodePoint(publicKey), decodePoint(encodedR)];
  if (s >= groupOrder || a.y >= fieldPrime || r.y >= fieldPrime) return false;
  if (a.point === undefined || r.point === undefined) return false;
  if (isSmallOrder(a.point) || isSmallOrder(r.point)) return false;
  return holdsCofactorless(message, signature, publicKey);
}

export function isSmallOrder(point: Point): boolean {
  const { x, y } = multiply(8n, point);
  return x === 0n && y === 1n;
}

/** The equation alone, without the conditions around it. */
export function holdsCofactorless(
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  const encodedR = signature.subarray(0, 32);
  const { point: a } = decodePoint(publicKey);
  const { point: r } = decodePoint(encodedR);
  if (a === undefined || r === undefined) return false;
  const left = multiply(fromLittleEndian(signature.subarray(32)), basePoint);
  const right = add(r, multiply(challenge(encodedR, publicKey, message), a));
  return left.x === right.x && left.y === right.y;
}
