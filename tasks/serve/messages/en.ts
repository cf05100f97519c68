/** What `serve` says in English. */
export const EN = {
  options: {
    host: "address to listen on; any but this machine's own wants --api-key",
    port: "port to listen on; 0 for a free one",
    apiKey: "key that callers must show; VICUNA_API_KEY in the environment does too",
    allowOrigin: "origin of another web page that may call, such as https://example.org; * for all",
    allowHost: "another name that this machine is called by, such as host.docker.internal from a container",
    slots: "answers that are generated together",
    queue: "requests that may wait for a slot; more are refused",
  },
  description: "Serves a page to talk to a model, and an API like OpenAI's at /v1.",
  wantsKey: (host: string, variable: string) =>
    `--host ${host} can be reached by other machines: give --api-key (or ${variable}) as well`,
  serving: (address: string) => `Serving at ${address}`,
  inUse: (where: string) => `serve: ${where} is in use; choose another with --port, 0 for any that is free`,
};

/** What `serve` says: every language has every entry. */
export type ServeMessages = typeof EN;
