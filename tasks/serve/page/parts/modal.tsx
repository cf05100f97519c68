import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { useMessages } from "./preferences.ts";

/** A window above the page, which keeps the focus until it is closed. */
export function Modal({ title, close, children }: {
  readonly title: string;
  /** Left out for a window that cannot be closed. */
  readonly close?: () => void;
  readonly children: ComponentChildren;
}): JSX.Element {
  const messages = useMessages();
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        close?.();
      }}
    >
      <div class="modal-head">
        <h2 id={id}>{title}</h2>
        {close && <button type="button" class="quiet" onClick={close}>{messages.close}</button>}
      </div>
      {children}
    </dialog>
  );
}
