package struct TextareaField: TextFieldType {
    package let name = "textarea"
    package let component = "textarea"
    package var rules: [String] { ["pattern", "minLength", "maxLength", "format", "enum", "rows"] }
}
