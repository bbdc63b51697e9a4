package struct EmailField: TextFieldType {
    package let name = "email"
    package let component = "email-input"
    package let ownFormat: String? = "email"
}
