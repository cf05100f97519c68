/** A repository of the hub, and what is wanted of it. */
export interface HubName {
  /** `owner/name`. */
  readonly name: string;
  /** One of its files. */
  readonly file?: string;
  /** Branch, tag or commit. */
  readonly revision?: string;
}

/** Says whether a text could be the name of a repository of the hub, `owner/name`. */
export function isHubName(text: string): boolean {
  return /^[\w.-]+\/[\w.-]+$/.test(text) && !/^\.{1,2}\/|\/\.{1,2}$/.test(text);
}

/** Parses `owner/name[:FILE][@REVISION]`; undefined if a text is no such thing. */
export function parseHubName(text: string): HubName | undefined {
  const [, name = "", file, revision] = /^([^:@]+)(?::([^@]+))?(?:@(.+))?$/.exec(text) ?? [];
  if (!isHubName(name)) return undefined;
  return { name, ...(file !== undefined && { file }), ...(revision !== undefined && { revision }) };
}
