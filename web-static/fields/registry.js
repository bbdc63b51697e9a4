// One line per field type. A type that is not known is asked as a text; the server judges it.

import BooleanField from './boolean.js';
import DateField from './date.js';
import DatetimeField from './datetime.js';
import EmailField from './email.js';
import FileField from './file.js';
import IntegerField from './integer.js';
import ListField from './list.js';
import MultiselectField from './multiselect.js';
import NumberField from './number.js';
import ObjectField from './object.js';
import PasswordField from './password.js';
import PercentageField from './percentage.js';
import SelectField from './select.js';
import StringField from './string.js';
import TextareaField from './textarea.js';
import TimeField from './time.js';
import UrlField from './url.js';

const controls = {
    string: StringField,
    textarea: TextareaField,
    password: PasswordField,
    email: EmailField,
    url: UrlField,
    number: NumberField,
    integer: IntegerField,
    percentage: PercentageField,
    boolean: BooleanField,
    select: SelectField,
    multiselect: MultiselectField,
    date: DateField,
    time: TimeField,
    datetime: DatetimeField,
    file: FileField,
    list: ListField,
    object: ObjectField,
};

export const controlOf = (type) => controls[type] ?? StringField;
