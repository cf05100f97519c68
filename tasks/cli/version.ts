import config from "../../deno.json" with { type: "json" };

/** What `--version` prints: the program's name, and its version, which stands in deno.json and nowhere else. */
export const VERSION_LINE: string = `${config.name} ${config.version}`;
