import { isEqual } from '../lib/conditions.js';
import { html, useState } from '../lib/preact.js';

/** Check boxes: all options are seen, none needs a modifier key. Own entries, where allowed, are added below. */
export default function MultiselectField(control) {
    const { field, value, onChange, onBlur, id, describedBy } = control;
    const { enum: options = [], allowCustom } = field.validation ?? {};
    const chosen = Array.isArray(value) ? value : [];
    const custom = chosen.filter((one) => !options.some((option) => isEqual(option, one)));
    const toggle = (option, isOn) => onChange(isOn ? [...chosen, option] : chosen.filter((one) => !isEqual(one, option)));
    return html`
        <div class="choices" id=${id} role="group" aria-labelledby=${`${id}-label`} aria-describedby=${describedBy} tabindex="-1">
            ${[...options, ...custom].map((option) => html`
                <label class="choice" key=${String(option)}>
                    <input type="checkbox" checked=${chosen.some((one) => isEqual(one, option))} disabled=${Boolean(field.readonly)}
                        onChange=${(event) => toggle(option, event.currentTarget.checked)} onBlur=${onBlur} />
                    ${String(option)}
                </label>`)}
            ${(allowCustom || !options.length) && html`<${CustomEntry} name=${field.name} onAdd=${(text) => toggle(text, true)} />`}
        </div>`;
}

MultiselectField.isGroup = true;

function CustomEntry({ name, onAdd }) {
    const [text, setText] = useState('');
    const add = () => {
        if (text.trim()) onAdd(text.trim());
        setText('');
    };
    const onKeyDown = (event) => {
        if (event.key !== 'Enter') return;
        event.preventDefault();
        add();
    };
    return html`
        <div class="row">
            <input class="input" aria-label=${`Another ${name}`} value=${text} onInput=${(event) => setText(event.currentTarget.value)}
                onKeyDown=${onKeyDown} />
            <button type="button" class="button" onClick=${add}>Add</button>
        </div>`;
}
