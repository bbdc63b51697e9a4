import { textControl } from './text.js';

export default (control) => {
    const { minTime, maxTime } = control.field.validation ?? {};
    return textControl({ type: 'time', class: 'input narrow', min: minTime, max: maxTime })(control);
};
