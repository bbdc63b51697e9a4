import { html } from '../lib/preact.js';

/** The steps in order. With a dry run's answer each shows what it would send; nothing has been called. */
export function Plan({ steps }) {
    return html`
        <ol class="plan">
            ${steps.map((step, index) => html`
                <li key=${step.id}>
                    <span class="plan-number" aria-hidden="true">${index + 1}</span>
                    <div>
                        <p class=${step.if === false ? 'left-out' : undefined}>${step.name ?? step.id} <span class="muted small">
                            ${step.type}</span></p>
                        ${step.if === false && html`<p class="small muted">Left out with these values.</p>`}
                        ${step.rendered && step.if !== false && html`<details><summary>What is sent</summary>
                            <pre class="rendered" tabindex="0">${asLines(step.rendered)}</pre></details>`}
                    </div>
                </li>`)}
        </ol>`;
}

/** "key: value" lines, nested ones indented: easier to read than JSON. */
function asLines(value, indent = '') {
    return Object.entries(value).map(([key, one]) => {
        const isNested = one !== null && typeof one === 'object' && Object.keys(one).length > 0;
        if (isNested) return `${indent}${key}:\n${asLines(one, `${indent}  `)}`;
        return `${indent}${key}: ${typeof one === 'object' ? JSON.stringify(one) : one}`;
    }).join('\n');
}
