import { html } from '../lib/preact.js';
import { Icon } from '../components/icon.js';
import { Field } from '../components/field.js';

/** Entries of one kind, each a field of its own: `secrets[0].key`. */
export default function ListField(control) {
    const { field, value, onChange, path, id } = control;
    const entries = Array.isArray(value) ? value : [];
    const item = { name: 'Entry', ...field.items };
    const isBlock = item.type === 'object';
    const replace = (index, one) => onChange(entries.map((old, at) => (at === index ? one : old)));
    const remove = (index) => onChange(entries.filter((_, at) => at !== index));
    return html`
        <div class="entries" id=${id} role="group" aria-labelledby=${`${id}-label`} aria-describedby=${control.describedBy} tabindex="-1">
            ${entries.map((one, index) => html`
                <div key=${index} class=${`entry${isBlock ? ' block' : ''}`}>
                    <${Field} ...${control.shared} field=${{ ...item, id: String(index), name: `${item.name} ${index + 1}` }}
                        path=${`${path}[${index}]`}
                        value=${one} hidesLabel=${!isBlock} onChange=${(next) => replace(index, next)} />
                    <button type="button" class="icon-button" onClick=${() => remove(index)}
                        aria-label=${`Remove ${item.name} ${index + 1}`} title="Remove"><${Icon} name="close" /></button>
                </div>`)}
            ${!field.readonly && html`<div>
                <button type="button" class="button" onClick=${() => onChange([...entries, isBlock ? {} : undefined])}>
                <${Icon} name="plus" />Add ${item.name.toLowerCase()}</button></div>`}
        </div>`;
}

ListField.isGroup = true;
