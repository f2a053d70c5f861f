/** TCP connections that never say a word, 180 a second from each of 127.0.0.2, 127.0.0.3 and 127.0.0.4 in turn. */
import net from "node:net";
import { attacker, steadily } from "../wire/attacker.ts";

const perSecond = 180;
const addresses = 3;
/** The files that one process may have open are many, not endless. */
const heldMax = 2_000;

attacker(async (attack) => {
  const [, , host, , port] = (attack.order.targets[0] ?? "").split("/");
  await attack.begin();
  const held = new Set<net.Socket>();
  let opened = 0;
  await steadily(perSecond, attack.signal, (count) => {
    for (let index = 0; index < count && held.size < heldMax; index += 1) {
      const localAddress = `127.0.0.${2 + (opened++ % addresses)}`;
      const socket = net.connect({ host: host ?? "", port: Number(port), localAddress });
      held.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        held.delete(socket);
        attack.cut();
      });
    }
    attack.count(count);
  });
  for (const socket of held) socket.destroy();
});
