import { html } from '../lib/preact.js';
import { stateOf } from '../lib/states.js';

// Six shapes that differ without color: disc with a gap, check, mark, two bars, ring, dash.
const mark = (path) => html`<path d=${path} stroke="var(--surface-raised)" />`;
const disc = html`<circle cx="8" cy="8" r="6.25" fill="currentColor" stroke="none" />`;
const drawings = {
    running: html`<circle cx="8" cy="8" r="5.5" stroke-dasharray="25 10" /><circle cx="8" cy="8" r="2" fill="currentColor" stroke="none" />`,
    completed: html`${disc}${mark('M5.2 8.2l2 2 3.6-4')}`,
    failed: html`${disc}${mark('M8 4.8v3.7M8 11h.01')}`,
    waiting: html`<rect x="1.75" y="1.75" width="12.5" height="12.5" rx="3" fill="currentColor" stroke="none" />${mark('M6.2 5.4v5.2M9.8 5.4v5.2')}`,
    pending: html`<circle cx="8" cy="8" r="5.5" />`,
    skipped: html`<path d="M3.5 8h9" />`,
};

export const Shape = ({ shape }) => html`
    <svg class=${`shape${shape === 'running' ? ' spins' : ''}`} width="16" height="16" viewBox="0 0 16 16" fill="none"
        stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
        ${drawings[shape]}
    </svg>`;

/** Shape and word in the tone of the state. `word` replaces the usual one. */
export function State({ family, name, word }) {
    const state = stateOf(family, name);
    return html`<span class=${`state tone-${state.tone}`}><${Shape} shape=${state.shape} />${word ?? state.word}</span>`;
}
