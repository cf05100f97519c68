import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { Fault } from "../parts/fault.tsx";
import { Picker } from "../parts/picker.tsx";
import { useMessages } from "../parts/preferences.ts";
import { useJson } from "../parts/use_json.ts";
import type { RowOrder, RowsView, TokenPiece, TokenRowView } from "../wire.ts";

/** Rows of a page. */
const PAGE = 10;
const ORDERS: readonly RowOrder[] = ["file", "longest", "shortest"];

/** The tokenised rows, a page at a time, with what is learnt in another colour than what is only read. */
export function Rows({ path, total }: { readonly path: string; readonly total: number }): JSX.Element {
  const { data, loading } = useMessages();
  const [order, setOrder] = useState<RowOrder>("file");
  const [from, setFrom] = useState(0);
  const { value, error } = useJson<RowsView>(`${path}&order=${order}&from=${from}&count=${PAGE}`);
  const go = (to: number) => setFrom(Math.max(0, Math.min(to, total - 1)));
  return (
    <>
      <h3>{data.browse}</h3>
      <div class="row-tools">
        <Picker
          label={data.order}
          value={order}
          options={ORDERS.map((each) => ({ value: each, text: data.orders[each] }))}
          choose={(next) => {
            setOrder(next);
            setFrom(0);
          }}
        />
        <GoTo total={total} go={go} />
        <Pages from={from} total={total} go={go} />
      </div>
      <Legend />
      {error && <Fault error={error} />}
      {!error && value === undefined && <p class="loading">{loading}</p>}
      {value && !value.hasText && <p class="hint">{data.noText}</p>}
      {value && <ol class="rows">{value.rows.map((row) => <Row key={row.index} row={row} />)}</ol>}
    </>
  );
}

function GoTo({ total, go }: { readonly total: number; readonly go: (row: number) => void }): JSX.Element {
  const { data } = useMessages();
  const id = useId();
  return (
    <div class="picker">
      <label for={id}>{data.goTo}</label>
      <input
        type="number"
        id={id}
        min={1}
        max={total}
        onChange={(event) => {
          const row = Number(event.currentTarget.value);
          if (Number.isInteger(row) && row > 0) go(row - 1);
        }}
      />
    </div>
  );
}

function Pages({ from, total, go }: {
  readonly from: number;
  readonly total: number;
  readonly go: (row: number) => void;
}): JSX.Element {
  const { data } = useMessages();
  return (
    <div class="pages">
      <button type="button" class="quiet" disabled={from === 0} onClick={() => go(from - PAGE)}>{data.previous}</button>
      <span role="status">{data.showing(from + 1, Math.min(from + PAGE, total), total)}</span>
      <button type="button" class="quiet" disabled={from + PAGE >= total} onClick={() => go(from + PAGE)}>
        {data.next}
      </button>
    </div>
  );
}

function Legend(): JSX.Element {
  const { data } = useMessages();
  return (
    <p class="legend">
      <mark class="piece">{data.legendLoss}</mark>
      <span class="piece">{data.legendRead}</span>
      <span class="piece control-token">{data.legendControl}</span>
    </p>
  );
}

function Row({ row }: { readonly row: TokenRowView }): JSX.Element {
  const { data } = useMessages();
  return (
    <li>
      <p class="row-head">
        <strong>{data.row(row.index)}</strong> <span class="hint">{data.rowFigures(row.length, row.labelled)}</span>
      </p>
      <p class="tokens">{row.pieces.map((piece, i) => <Piece key={i} piece={piece} />)}</p>
    </li>
  );
}

/** A token, or the tokens of one character. `mark` is what assistive technology knows as highlighted. */
function Piece({ piece }: { readonly piece: TokenPiece }): JSX.Element {
  const { data } = useMessages();
  const ids = piece.ids.join(" ");
  const text = piece.control ?? (piece.text === "" ? `[${ids}]` : piece.text);
  const classes = `piece${piece.control === undefined ? "" : " control-token"}`;
  const shown = text.endsWith("\n") ? <>{text.replaceAll("\n", "↵\n")}</> : text;
  return piece.labelled
    ? <mark class={classes} title={data.ids(ids)}>{shown}</mark>
    : <span class={classes} title={data.ids(ids)}>{shown}</span>;
}
