package struct URLField: TextFieldType {
    package let name = "url"
    package let component = "url-input"
    package let ownFormat: String? = "url"
}
