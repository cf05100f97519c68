// What the page's address names: the tab and, in the tabs of runs, the run: `#training/20261124-084812345-a3f9`.
import { Store } from "./store.ts";

/** The tabs, in their order. */
export const TABS = ["instruct", "chat", "training", "data"] as const;
/** One of the tabs. */
export type Tab = (typeof TABS)[number];

/** Tabs that show a run. */
const OF_RUNS: readonly string[] = ["training", "data"] satisfies Tab[];

/** What is looked at. */
export interface Address {
  readonly tab: Tab;
  /** Id of the run that is looked at, the same in all tabs of runs. */
  readonly run?: string;
  /** Whether somebody chose the run; else the page did, and may choose another. */
  readonly chosen: boolean;
}

/** The address that a hash stands for. What it does not name stays as it was. */
export function readAddress(hash: string, before: Address): Address {
  const [tab, run = ""] = hash.replace(/^#/, "").split("/");
  const named = TABS.find((each) => each === tab);
  if (named === undefined) return before;
  if (!OF_RUNS.includes(named)) return { ...before, tab: named };
  return run === "" ? { tab: named, chosen: false } : { tab: named, run: decoded(run), chosen: true };
}

/** The hash of an address. */
export function hashOf({ tab, run }: Address): string {
  return `#${tab}${OF_RUNS.includes(tab) && run !== undefined ? `/${encodeURIComponent(run)}` : ""}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The address of the page. */
export const address: Store<Address> = new Store(readAddress(location.hash, { tab: "instruct", chosen: false }));

addEventListener("hashchange", () => address.set(readAddress(location.hash, address.value)));

/** Goes to a tab. */
export function openTab(tab: Tab): void {
  go({ ...address.value, tab }, "pushState");
}

/** Goes to a run that somebody chose. */
export function chooseRun(run: string): void {
  go({ ...address.value, run, chosen: true }, "pushState");
}

/** Notes the run that the page chose, so that the address always names what is seen. */
export function showRun(run: string): void {
  go({ ...address.value, run, chosen: false }, "replaceState");
}

function go(next: Address, how: "pushState" | "replaceState"): void {
  history[how](null, "", hashOf(next));
  address.set(next);
}
