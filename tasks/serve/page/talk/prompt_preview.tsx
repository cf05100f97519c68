import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type AskBody, CallError, postJson, type PromptView } from "../api.ts";
import { Modal } from "../parts/modal.tsx";
import { useMessages } from "../parts/preferences.ts";

/** The prompt as the model reads it, in a window of its own. */
export function PromptPreview({ body, close }: {
  readonly body: AskBody;
  readonly close: () => void;
}): JSX.Element {
  const { talk, loading, unreachable } = useMessages();
  const [view, setView] = useState<PromptView>();
  const [fault, setFault] = useState<CallError>();
  useEffect(() => {
    const abort = new AbortController();
    postJson<PromptView>("/api/prompt", body, abort.signal).then(setView, (error: unknown) => {
      if (error instanceof CallError) setFault(error);
    });
    return () => abort.abort();
  }, [body]);
  return (
    <Modal title={talk.preview} close={close}>
      {fault && <p class="fault">{fault.message || unreachable}</p>}
      {!fault && !view && <p>{loading}</p>}
      {view && (
        <>
          <p class="hint">
            {talk.previewOf(view.tokens, view.positions)}
            {view.droppedTurns > 0 && ` ${talk.dropped(view.droppedTurns)}`}
          </p>
          <pre class="prompt" tabIndex={0}>{view.text}</pre>
        </>
      )}
    </Modal>
  );
}
