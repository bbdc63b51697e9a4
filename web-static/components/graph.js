// DESIGN: a small layered layout. Who depends stands left of what is depended on: a node's column is the longest way to it. Inside a
// column nodes are ordered by the mean place of their neighbors, in a few sweeps. Some hundred nodes are a matter of milliseconds.

import { path } from '../lib/api.js';
import { moveAmongRows } from '../lib/keys.js';
import { html } from '../lib/preact.js';
import { sentence, stateOf } from '../lib/states.js';

const box = { width: 184, height: 44, columnGap: 72, rowGap: 16, margin: 4 };
const sweeps = 4;

/** Columns of ids. Edges are `{from, to}`; a circle, which the server never makes, ends after as many rounds as there are nodes. */
function columnsOf(nodes, edges) {
    const rank = new Map(nodes.map(({ id }) => [id, 0]));
    for (let round = 0, isMoving = true; isMoving && round < nodes.length; round += 1) {
        isMoving = false;
        for (const { from, to } of edges) {
            if (rank.get(to) > rank.get(from)) continue;
            rank.set(to, rank.get(from) + 1);
            isMoving = true;
        }
    }
    const columns = [];
    for (const { id } of nodes) (columns[rank.get(id)] ??= []).push(id);
    return columns.filter(Boolean);
}

function ordered(columns, edges) {
    const places = () => new Map(columns.flatMap((column) => column.map((id, index) => [id, index / column.length])));
    for (let sweep = 0; sweep < sweeps; sweep += 1) {
        for (const [index, column] of columns.entries()) {
            const place = places();
            const mean = (id) => {
                const near = edges.flatMap(({ from, to }) => (from === id ? [place.get(to)] : to === id ? [place.get(from)] : []));
                return near.reduce((sum, one) => sum + one, 0) / (near.length || 1);
            };
            columns[index] = column.map((id) => [mean(id), id]).sort(([a], [b]) => a - b).map(([, id]) => id);
        }
    }
    return columns;
}

/** `{places: Map(id -> {x, y}), width, height}` in pixels. */
export function layout(nodes, edges) {
    const columns = ordered(columnsOf(nodes, edges), edges);
    const rows = Math.max(...columns.map(({ length }) => length));
    const step = box.height + box.rowGap;
    const places = new Map(columns.flatMap((column, index) => column.map((id, row) => [id, {
        x: box.margin + index * (box.width + box.columnGap),
        y: box.margin + (row + (rows - column.length) / 2) * step,
    }])));
    const width = columns.length * (box.width + box.columnGap) - box.columnGap + 2 * box.margin;
    return { places, width, height: rows * step - box.rowGap + 2 * box.margin };
}

const shortened = (text, length = 23) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

/** What an instance stands on and what stands on it, as a drawing of links and as a list. */
export function Graph({ graph: { nodes, edges, partial }, id }) {
    const { places, width, height } = layout(nodes, edges);
    return html`
        <div class="graph" onKeyDown=${moveAmongRows}>
            <svg width=${width} height=${height} role="group" aria-label="Dependencies, from left to right">
                ${edges.map(({ from, to, required }) => {
                    const [a, b] = [places.get(from), places.get(to)];
                    const [x, y, end, endY] = [a.x + box.width, a.y + box.height / 2, b.x, b.y + box.height / 2];
                    return html`<path key=${from + to} class="edge" stroke-dasharray=${required ? undefined : '4 4'}
                        d=${`M${x} ${y}C${x + 36} ${y} ${end - 36} ${endY} ${end} ${endY}`} />`;
                })}
                ${nodes.map((node) => html`<${Node} key=${node.id} node=${node} place=${places.get(node.id)} isHere=${node.id === id} />`)}
            </svg>
        </div>
        <details class="graph-list"><summary>As a list</summary><${List} nodes=${nodes} edges=${edges} /></details>
        ${partial && html`<p class="small muted">Some are left out: there are more, or they belong to other teams.</p>`}`;
}

function Node({ node: { id, name, state }, place: { x, y }, isHere }) {
    const { tone, word } = stateOf('instance', state);
    return html`
        <a class=${`node tone-${tone}${isHere ? ' here' : ''}`} href=${path`/instances/${id}`} data-row aria-label=${`${name}, ${word}`}
            aria-current=${isHere ? 'page' : undefined}>
            <rect x=${x} y=${y} width=${box.width} height=${box.height} rx="6" />
            <text x=${x + 12} y=${y + 18} class="node-name">${shortened(name)}</text>
            <text x=${x + 12} y=${y + 35} class="node-state">${word}</text>
        </a>`;
}

function List({ nodes, edges }) {
    const named = (id) => html`<a href=${path`/instances/${id}`}>${nodes.find((node) => node.id === id)?.name ?? id}</a>`;
    return html`<ul>${edges.map(({ from, to, type, name, required }) => html`
        <li key=${from + to + type}>${named(from)} ${type === 'member' ? 'holds' : 'stands on'} ${named(to)}
            <span class="muted small"> ${type === 'member' ? name : name ?? sentence(type)}${!required && ', optional'}</span></li>`)}</ul>`;
}
