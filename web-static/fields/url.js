import { textControl } from './text.js';

export default textControl({ inputmode: 'url', autocomplete: 'off', spellcheck: false });
