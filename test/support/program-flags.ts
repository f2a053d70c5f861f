/** The options of a program of package.json; `--help`, and what cannot be understood, end the process. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

const help = { help: { type: "boolean", default: false } } as const;

/**
 * @param program as in `npm run program`
 * @param usage what `--help` prints
 */
export function programFlags<const Options extends ParseArgsOptionsConfig>(
  program: string,
  usage: string,
  options: Options,
) {
  const { values } = understood(program, () => parseArgs({ options: { ...options, ...help } }));
  if ((values as { readonly help?: boolean }).help === true) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  return values;
}

function understood<Parsed>(program: string, parse: () => Parsed): Parsed {
  try {
    return parse();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nnpm run ${program} -- --help says what there is.\n`);
    process.exit(2);
  }
}
