package struct PercentageField: NumberFieldType {
    package let name = "percentage"
    package let component = "percentage-input"
    package let ownBounds: ClosedRange<Int>? = 0...100
}
