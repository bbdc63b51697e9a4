import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { moveAmongRows } from '../lib/keys.js';

/**
 * A table whose rows may change at any moment. Rows that are there change where they are. New ones wait behind "4 new"
 * while the pointer or the focus is in the table, so that nothing moves under it; else they appear.
 * `filter`: another one starts afresh. `head` are the column titles, `row(one)` gives the cells.
 */
export function LiveRows({ rows, filter, label, head, row, more, isMoreLoading }) {
    const [shown, setShown] = useState({ filter, ids: new Set() });
    const frame = useRef();
    const isHeld = () => frame.current?.matches(':hover') || frame.current?.contains(document.activeElement);
    const isFresh = shown.filter !== filter || shown.ids.size === 0;
    const lastOld = rows.findLastIndex(({ id }) => shown.ids.has(id));
    const waiting = isFresh || !isHeld() ? [] : rows.slice(0, lastOld + 1).filter(({ id }) => !shown.ids.has(id));
    const visible = rows.filter((one) => !waiting.includes(one));
    useEffect(() => setShown({ filter, ids: new Set(visible.map(({ id }) => id)) }), [rows.map(({ id }) => id).join(), filter]);
    const showAll = () => setShown({ filter, ids: new Set(rows.map(({ id }) => id)) });
    return html`
        <div class="table-frame" ref=${frame} onMouseLeave=${showAll}>
            ${waiting.length > 0 && html`<div class="table-foot"><button type="button" class="button" onClick=${showAll}>
                ${waiting.length} new</button></div>`}
            <table class="cards" aria-label=${label} onKeyDown=${moveAmongRows}>
                <thead><tr>${head.map((title) => html`<th scope="col" key=${title}>${title}</th>`)}</tr></thead>
                <tbody>${visible.map((one) => html`<tr key=${one.id}>${row(one)}</tr>`)}</tbody>
            </table>
            ${more && html`<div class="table-foot">
                <button type="button" class="button" onClick=${more}
                aria-disabled=${isMoreLoading ? 'true' : 'false'}>Show more</button></div>`}
        </div>`;
}
