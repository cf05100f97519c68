import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { useMessages } from "../parts/preferences.ts";
import { useStore } from "../parts/store.ts";
import type { ServerState } from "../wire.ts";
import type { Session } from "./session.ts";

/** In a select, the value of "nobody", and what names of adapters begin with: an adapter may have any name. */
const NOBODY = "-";
const ADAPTER = "+";

const valueOf = (side: string | null | undefined) =>
  side === undefined ? NOBODY : side === null ? "" : `${ADAPTER}${side}`;
const sideOf = (value: string) => value === NOBODY ? undefined : value === "" ? null : value.slice(ADAPTER.length);

/** Who answers, and with whom that is compared. */
export function Models({ session, server }: { readonly session: Session; readonly server: ServerState }): JSX.Element {
  const { talk } = useMessages();
  const { sides: [first = null, second], running } = useStore(session.state);
  const choose = (a: string | null, b: string | null | undefined) =>
    session.state.patch({ sides: b === undefined ? [a] : [a, b] });
  return (
    <div class="models">
      <p class="served">
        <strong>{server.model}</strong> <span class="device">{server.device}</span>
      </p>
      {server.adapters.length === 0 ? <p class="hint">{talk.noAdapters}</p> : (
        <>
          <Picker
            label={talk.model}
            value={valueOf(first)}
            disabled={running}
            adapters={server.adapters}
            choose={(value) => choose(sideOf(value) ?? null, second)}
          />
          <Picker
            label={talk.compareWith}
            value={valueOf(second)}
            nobody
            disabled={running}
            adapters={server.adapters}
            choose={(value) => choose(first, sideOf(value))}
          />
        </>
      )}
    </div>
  );
}

function Picker({ label, value, nobody = false, disabled, adapters, choose }: {
  readonly label: string;
  readonly value: string;
  readonly nobody?: boolean;
  readonly disabled: boolean;
  readonly adapters: readonly string[];
  readonly choose: (value: string) => void;
}): JSX.Element {
  const { talk } = useMessages();
  const id = useId();
  return (
    <div class="picker">
      <label for={id}>{label}</label>
      <select id={id} value={value} disabled={disabled} onChange={(event) => choose(event.currentTarget.value)}>
        {nobody && <option value={NOBODY}>{talk.nobody}</option>}
        <option value="">{talk.baseAlone}</option>
        {adapters.map((name) => <option key={name} value={`${ADAPTER}${name}`}>{name}</option>)}
      </select>
    </div>
  );
}
