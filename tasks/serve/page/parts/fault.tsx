import type { JSX } from "preact";
import { CallError } from "../api.ts";
import { useMessages } from "./preferences.ts";

/** Says why something could not be had, and offers another attempt. */
export function Fault({ error, retry }: { readonly error: Error; readonly retry?: () => void }): JSX.Element {
  const { unreachable, retry: again, runs } = useMessages();
  const status = error instanceof CallError ? error.status : undefined;
  const text = status === 0 ? unreachable : status === 404 ? runs.gone : error.message;
  return (
    <div class="fault" role="alert">
      <p>{text}</p>
      {retry && <button type="button" class="quiet" onClick={retry}>{again}</button>}
    </div>
  );
}
