class Shape:
    def __init__(self, length):
        self.length = length

    def side(self):
        return self.length


class Square(Shape):
    def area(self):
        return self.side() ** 2
