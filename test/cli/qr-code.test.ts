/** QR codes in a terminal, read back from the characters that were printed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import decodeQR from "qr/decode.js";
import { qrCodeText } from "../../src/cli/qr-code.ts";
import { encodeInvitation } from "../../src/protocol/invitation.ts";

const blackOnWhite = "\u001b[30;107m";
const reset = "\u001b[0m";
const pixelsPerModule = 4;

/** What a camera sees of the printed text: black and white pixels. */
function photographed(printed: string): { width: number; height: number; data: Uint8Array } {
  const lines = printed.trimEnd().split("\n");
  const modules = lines.flatMap((line) => {
    assert.ok(line.startsWith(blackOnWhite) && line.endsWith(reset), "colours are set and taken back");
    const characters = [...line.slice(blackOnWhite.length, -reset.length)];
    return [characters.map((c) => "▀█".includes(c)), characters.map((c) => "▄█".includes(c))];
  });
  const width = (modules[0]?.length ?? 0) * pixelsPerModule;
  const height = modules.length * pixelsPerModule;
  const data = new Uint8Array(width * height * 3).fill(255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const isBlack = modules[Math.floor(y / pixelsPerModule)]?.[Math.floor(x / pixelsPerModule)];
      if (isBlack) data.fill(0, (y * width + x) * 3, (y * width + x) * 3 + 3);
    }
  }
  return { width, height, data };
}

describe("a QR code in a terminal", () => {
  const token = encodeInvitation({
    chainId: new Uint8Array(32).fill(1),
    secret: new Uint8Array(32).fill(2),
    network: "lab",
    addresses: ["/ip4/192.168.1.5/tcp/13246", "/ip6/fd00::1234:5678/tcp/13246"],
  });

  it("of an invitation fits into 80 columns and is read back as it was", () => {
    const printed = qrCodeText(token, 80);
    assert.ok(printed);
    assert.equal(decodeQR(photographed(printed)), token);
  });

  it("is left out where the terminal is too narrow for it", () => {
    assert.equal(qrCodeText(token, 40), undefined);
  });
});
