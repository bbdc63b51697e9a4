import { html } from '../lib/preact.js';

/** One choice among few, kept in the address. `options`: `[{value, name}]`. */
export const Chips = ({ label, options, value, onChange }) => html`
    <div class="chips" role="group" aria-label=${label}>
        ${options.map((option) => html`
            <button key=${option.value} type="button" class="chip" aria-pressed=${option.value === value ? 'true' : 'false'}
                onClick=${() => onChange(option.value)}>${option.name}</button>`)}
    </div>`;
