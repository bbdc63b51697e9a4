import { html } from '../lib/preact.js';

/** Its condition does not hold with these values. */
const isLeftOut = (step) => step.if === false;

/** The steps in order. With a dry run's answer each shows what it would send; nothing has been called. */
export function Plan({ steps }) {
    return html`
        <ol class="plan">
            ${steps.map((step, index) => html`
                <li key=${step.id}>
                    <span class="plan-number" aria-hidden="true">${index + 1}</span>
                    <div>
                        <p class=${isLeftOut(step) ? 'left-out' : undefined}>
                            ${step.name ?? step.id} <span class="muted small">${step.type}</span>
                        </p>
                        ${step.note && !isLeftOut(step) && html`<p class="small tone-warn">${step.note}</p>`}
                        ${isLeftOut(step) && html`<p class="small muted">Left out with these values.</p>`}
                        ${step.rendered && !isLeftOut(step) && html`
                            <details><summary>${step.summary}</summary><pre class="rendered" tabindex="0">${asLines(step.rendered)}</pre></details>`}
                    </div>
                </li>`)}
        </ol>`;
}

/** "key: value" lines, nested ones indented, what is not set left out: easier to read than JSON. */
function asLines(value, indent = '') {
    return Object.entries(value).filter(([, one]) => isSet(one)).map(([key, one]) => {
        const inner = readable(one);
        return typeof inner === 'object' ? `${indent}${key}:\n${asLines(inner, `${indent}  `)}` : `${indent}${key}: ${inner}`;
    }).join('\n');
}

const isSet = (one) => one !== null && one !== false && one !== '' && (typeof one !== 'object' || Object.keys(one).length > 0);

/** A body is JSON in a text; pairs of names and values are a map. */
function readable(one) {
    if (Array.isArray(one) && one.every((pair) => Array.isArray(pair) && pair.length === 2)) return Object.fromEntries(one);
    if (typeof one !== 'string' || !/^\s*[[{]/.test(one)) return one;
    try {
        return JSON.parse(one);
    } catch {
        return one;
    }
}
