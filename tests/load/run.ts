// deno run -A tests/load/run.ts [SECONDS] [CLIENTS]: a load test of the server; it prints what the server held.
import { format } from "@std/fmt/bytes";
import { growthByKills, runLoad } from "./load.ts";
import type { Measure } from "./server.ts";

const [seconds = 60, clients = 8] = Deno.args.map(Number);
const { answers, tokens, killed, refused, errors, before, during, duringKills, after } = await runLoad({
  seconds,
  clients,
});
/** Growth is told by so many killed clients. */
const KILLS = 1000;
const bytes = (count: number) => format(count, { binary: true });
const signed = (count: number) => count < 0 ? bytes(count) : `+${bytes(count)}`;
const line = ({ rss, heap, reserved, deviceBytes }: Measure) =>
  `RSS ${bytes(rss)}, heap ${bytes(heap)} of ${bytes(reserved)} reserved, device ${deviceBytes} bytes`;
console.log(`${clients} clients for ${seconds} s: ${answers} answers, ${Math.round(tokens / seconds)} tokens/s`);
console.log(
  `then ${killed} clients killed in ${seconds} s, ${refused} refused; ${errors.length} errors, ${after.faults.length} faults`,
);
console.log(`before:  ${line(before)}`);
for (const [what, measures] of [["streaming", during], ["killed", duringKills]] as const) {
  for (const part of [1, 2, 3]) {
    const measure = measures[Math.ceil(measures.length * part / 3) - 1];
    if (measure !== undefined) console.log(`${what} ${part}/3:  ${line(measure)}`);
  }
}
console.log(`after:   ${line(after)}, ${after.inside} requests inside`);
// What leaks grows with each thousand; what V8 and the allocator keep for use again stops growing.
for (const { from, to, rss, heap, reserved } of growthByKills(duringKills, KILLS)) {
  const grown = `RSS ${signed(rss)}, heap ${signed(heap)}, reserved ${signed(reserved)}`;
  console.log(`killed ${from} to ${to}:  ${grown}`);
}
for (const error of [...errors, ...after.faults].slice(0, 10)) console.error(error);
if (errors.length + after.faults.length > 0 || after.deviceBytes !== before.deviceBytes) Deno.exit(1);
