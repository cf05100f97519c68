import type { JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { CallError, getJson, key, refusedFor } from "./api.ts";
import { DataTab } from "./data/data.tsx";
import { languageAfter, messagesIn } from "./messages/messages.ts";
import { address, openTab, type Tab, TABS } from "./parts/address.ts";
import { Fault } from "./parts/fault.tsx";
import { Modal } from "./parts/modal.tsx";
import { chooseLanguage, chooseTheme, language, theme, useMessages } from "./parts/preferences.ts";
import { useStore } from "./parts/store.ts";
import { keptSession } from "./talk/keep.ts";
import type { Session } from "./talk/session.ts";
import { type Mode, openSettings } from "./talk/settings.ts";
import { Talk } from "./talk/talk.tsx";
import { TrainingTab } from "./training/training.tsx";
import type { ServerState } from "./wire.ts";

/** The whole page. */
export function App(): JSX.Element {
  const messages = useMessages();
  const { tab } = useStore(address);
  useEffect(() => {
    document.title = `${messages.tabs[tab]} · ${messages.title}`;
  }, [messages, tab]);
  return (
    <>
      <a class="skip" href="#panel" onClick={focusPanel}>{messages.skip}</a>
      <Head tab={tab} setTab={openTab} />
      <main>
        <div id="panel" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={-1}>
          <Panel tab={tab} />
        </div>
      </main>
    </>
  );
}

function focusPanel(event: Event): void {
  event.preventDefault(); // the address names the tab
  document.getElementById("panel")?.focus();
}

function Head({ tab, setTab }: { readonly tab: Tab; readonly setTab: (tab: Tab) => void }): JSX.Element {
  const messages = useMessages();
  const spoken = useStore(language);
  const colours = useStore(theme);
  const next = languageAfter(spoken);
  const other = messagesIn(next);
  return (
    <header>
      <div class="mark">
        <Seal />
        <div>
          <h1>{messages.title}</h1>
          <p>{messages.subtitle}</p>
        </div>
      </div>
      <TabList tab={tab} setTab={setTab} />
      <div class="preferences">
        <button
          type="button"
          class="quiet"
          lang={other.language.tag}
          title={other.language.choose}
          onClick={() => chooseLanguage(next)}
        >
          {other.language.name}
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() => chooseTheme(colours === "dark" ? "light" : "dark")}
        >
          {colours === "dark" ? messages.toLight : messages.toDark}
        </button>
      </div>
    </header>
  );
}

/** A seal with the character for camel, of whose family the vicuña is. */
function Seal(): JSX.Element {
  return <span class="seal" lang="zh-Hans" aria-hidden="true">驼</span>;
}

/** Tabs as the ARIA practices have them: one is in the order of Tab, arrows go from one to the next. */
function TabList({ tab, setTab }: { readonly tab: Tab; readonly setTab: (tab: Tab) => void }): JSX.Element {
  const messages = useMessages();
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const at = TABS.indexOf(tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
    const next = to === undefined ? undefined : TABS.at(to % TABS.length);
    if (next === undefined) return;
    event.preventDefault();
    setTab(next);
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={messages.tabList} ref={list} onKeyDown={onKeyDown}>
      {TABS.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-selected={tab === name}
          aria-controls="panel"
          tabIndex={tab === name ? 0 : -1}
          onClick={() => setTab(name)}
        >
          {messages.tabs[name]}
        </button>
      ))}
    </div>
  );
}

interface Opened {
  readonly server: ServerState;
  readonly sessions: { readonly instruct: Session; readonly chat: Session };
}

function open(server: ServerState): Opened {
  const session = (mode: Mode) => keptSession(server, mode, openSettings(server, mode));
  return { server, sessions: { instruct: session("instruct"), chat: session("chat") } };
}

/** What the chosen tab shows, once the server has said what there is. */
function Panel({ tab }: { readonly tab: Tab }): JSX.Element {
  const { loading } = useMessages();
  const refused = useStore(refusedFor);
  const loads = useRef(0);
  const [opened, setOpened] = useState<Opened>();
  const [fault, setFault] = useState<CallError>();
  const load = () => {
    const load = ++loads.current;
    setFault(undefined);
    getJson<ServerState>("/api/state").then((server) => {
      if (load !== loads.current) return;
      refusedFor.set(undefined);
      setOpened(open(server));
    }, (error: unknown) => {
      if (load === loads.current) setFault(error instanceof CallError ? error : new CallError(0, String(error)));
    });
  };
  useEffect(load, []);
  if (refused) return <KeyWindow wrong={refused === "wrong key"} use={load} />;
  if (fault) return <Fault error={fault} retry={load} />;
  if (opened === undefined) return <p class="loading">{loading}</p>;
  if (tab === "training") return <TrainingTab />;
  if (tab === "data") return <DataTab />;
  return <Talk key={tab} session={opened.sessions[tab]} server={opened.server} />;
}

/** Asks for the key of a server that wants one. */
function KeyWindow({ wrong, use }: { readonly wrong: boolean; readonly use: () => void }): JSX.Element {
  const { key: text } = useMessages();
  const [given, setGiven] = useState("");
  const id = useId();
  return (
    <Modal title={text.title}>
      <form
        class="key"
        onSubmit={(event) => {
          event.preventDefault();
          key.set(given.trim());
          use();
        }}
      >
        <label for={id}>{text.label}</label>
        <input
          id={id}
          type="password"
          autocomplete="off"
          required
          value={given}
          aria-describedby={`${id}-hint`}
          onInput={(event) => setGiven(event.currentTarget.value)}
        />
        <p class="hint" id={`${id}-hint`} role="status">{wrong ? text.wrong : text.explain}</p>
        <button type="submit" class="primary">{text.use}</button>
      </form>
    </Modal>
  );
}
